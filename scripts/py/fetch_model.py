"""Downloads a checkpoint from the Hugging Face hub, only the files that are needed, and adds it to Vignette.

A download that was broken off goes on where it was when it is started again. Without --to the files go into the
cache of Hugging Face ($HF_HUB_CACHE, $HF_HOME/hub, ~/.cache/huggingface/hub), where `vignette models add ID` finds
them. Private and gated checkpoints need $HF_TOKEN.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SMALL = (".json", ".txt", ".model", ".jinja")
WHOLE, INDEX = "model.safetensors", "model.safetensors.index.json"
ROOM_TO_SPARE = 1.02  # for what a file system keeps beside the files


class FetchError(Exception):
    """What the user can put right."""


@dataclass
class Wanted:
    """A file of the checkpoint."""

    name: str
    bytes: int
    sha256: str | None  # of large files only


def main(argv: list[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    try:
        if arguments.convert:
            convert(arguments.convert)
            return 0
        target = fetch(arguments.id, arguments.revision, arguments.to)
        return 0 if arguments.no_add else add(target)
    except FetchError as error:
        print(f"fetch-model: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nfetch-model: stopped; the same command goes on from here", file=sys.stderr)
        return 130


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/fetch-model", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("id", metavar="ID", nargs="?", help="as the hub has it: Salesforce/blip2-opt-2.7b")
    parser.add_argument("--to", metavar="FOLDER", type=Path, help="put the files into this folder instead of the cache")
    parser.add_argument("--revision", default="main", help="branch, tag or commit (default: %(default)s)")
    parser.add_argument("--no-add", action="store_true", help="only download; do not run `vignette models add`")
    parser.add_argument(
        "--convert", metavar="FOLDER", type=Path, help="download nothing: make safetensors of the folder's .bin files"
    )
    arguments = parser.parse_args(argv)
    if (arguments.id is None) == (arguments.convert is None):
        parser.error("give the ID of a checkpoint, or --convert FOLDER")
    return arguments


def fetch(repository: str, revision: str, folder: Path | None) -> str:
    """What `vignette models add` finds it by."""
    from huggingface_hub import snapshot_download

    commit, files = explained(repository, revision, lambda: list_files(repository, revision))
    wanted = choose(repository, files)
    store = Store(repository, folder)
    missing = [file for file in wanted if not store.has(file)]
    check_room(store, missing)
    large = [file for file in missing if file.sha256]
    for number, file in enumerate(large, 1):
        print(f"{file.name} ({number} of {len(large)}, {spell_bytes(file.bytes)})", file=sys.stderr)
        explained(repository, revision, lambda file=file: fetch_large(repository, commit, file, store))
    # The small files, and whatever the cache needs around the large ones, which are there already.
    place = explained(
        repository,
        revision,
        lambda: snapshot_download(
            repository, revision=revision, allow_patterns=[file.name for file in wanted], local_dir=folder
        ),
    )
    if any(file.name.endswith(".bin") for file in wanted):
        convert(Path(place))
    print(f"{repository} is in {place}")
    return repository if folder is None and revision == "main" else str(place)


def explained(repository: str, revision: str, call: Callable):
    """The hub's refusals in words that say what to do."""
    import httpx
    from huggingface_hub import errors

    try:
        return call()
    except errors.GatedRepoError as error:
        raise FetchError(
            f"{repository} is gated: accept its terms on its page and set HF_TOKEN to a token of that account"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise FetchError(
            f"the hub has no model {repository}, or it is private; check the spelling, or set HF_TOKEN"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise FetchError(f"{repository} has no revision {revision}; leave --revision out") from error
    except errors.HFValidationError as error:
        raise FetchError(f"{repository!r} is no id of a checkpoint; it must look like owner/name") from error
    except (errors.OfflineModeIsEnabled, errors.LocalEntryNotFoundError) as error:
        raise FetchError(f"the hub cannot be asked: {first_line(error)}") from error
    except (errors.HfHubHTTPError, httpx.HTTPError) as error:
        raise FetchError(f"the download failed: {first_line(error)}; the same command goes on from here") from error
    except OSError as error:
        raise FetchError(f"the files cannot be written: {error}; the same command goes on from here") from error


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def list_files(repository: str, revision: str) -> tuple[str, list[Wanted]]:
    """The commit, and the files of the top folder: those below are other formats."""
    from huggingface_hub import HfApi

    info = HfApi().model_info(repository, revision=revision, files_metadata=True)
    files = [
        Wanted(file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else None)
        for file in info.siblings or []
        if "/" not in file.rfilename
    ]
    return info.sha, files


def choose(repository: str, files: list[Wanted]) -> list[Wanted]:
    """The texts, and the weights in one form of the several that a checkpoint may have."""
    names = {file.name for file in files}
    if INDEX in names:
        weights = [file for file in files if file.name.startswith("model-") and file.name.endswith(".safetensors")]
    elif WHOLE in names:
        weights = [file for file in files if file.name == WHOLE]
    else:
        weights = [file for file in files if file.name.startswith("pytorch_model") and file.name.endswith(".bin")]
        if weights:
            print(f"{repository} has no safetensors: its .bin files are converted here", file=sys.stderr)
    if not weights:
        raise FetchError(f"{repository} has no weights that can be used: neither safetensors nor pytorch_model.bin")
    return [file for file in files if file.name.endswith(SMALL) and not file.name.endswith(".bin.index.json")] + weights


class Store:
    """Where the files go: the cache, in which a large file is called by its SHA-256, or a plain folder."""

    def __init__(self, repository: str, folder: Path | None):
        from huggingface_hub import constants
        from huggingface_hub.file_download import repo_folder_name

        self.folder = folder
        name = repo_folder_name(repo_id=repository, repo_type="model")
        self.blobs = Path(constants.HF_HUB_CACHE) / name / "blobs"

    def place(self, file: Wanted) -> Path:
        return self.folder / file.name if self.folder else self.blobs / (file.sha256 or "unknown")

    def part(self, file: Wanted) -> Path:
        """Where it grows."""
        home = self.folder / ".cache" / "vignette" if self.folder else self.blobs
        return home / f"{file.sha256}.part"

    def has(self, file: Wanted) -> bool:
        place = self.place(file)
        return place.is_file() and place.stat().st_size == file.bytes

    def has_of(self, file: Wanted) -> int:
        part = self.part(file)
        return part.stat().st_size if file.sha256 and part.is_file() else 0


def check_room(store: Store, missing: list[Wanted]) -> None:
    needed = sum(file.bytes - store.has_of(file) for file in missing)
    place = store.folder or store.blobs
    while not place.exists():
        place = place.absolute().parent
    free = shutil.disk_usage(place).free
    if needed * ROOM_TO_SPARE > free:
        raise FetchError(
            f"{place} has {spell_bytes(free)} free and {spell_bytes(needed)} are to come; make room, or choose another "
            "disk with --to FOLDER or HF_HOME"
        )
    if needed:
        print(f"to come: {spell_bytes(needed)}; free: {spell_bytes(free)}", file=sys.stderr)


def fetch_large(repository: str, commit: str, file: Wanted, store: Store) -> None:
    """The library itself begins a file anew when its process ended; a shard of 10 GB is too much for that."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    url = hf_hub_url(repository, file.name, revision=commit)
    location = get_hf_file_metadata(url).location
    same_host = location.split("/")[2] == url.split("/")[2]
    headers = build_hf_headers() if same_host else {}  # the token is for the hub only
    part = store.part(file)
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("ab") as out:
        done = out.tell()
        if done < file.bytes:
            told = {"expected_size": file.bytes, "displayed_filename": file.name}
            http_get(location, out, resume_size=done, headers=headers, **told)
    part.replace(store.place(file))


def convert(folder: Path) -> None:
    """The same numbers under the same names, one safetensors file for each .bin file."""
    import json

    import torch
    from safetensors.torch import save_file

    sources = sorted(folder.glob("pytorch_model*.bin"))
    if not sources:
        raise FetchError(f"{folder} has no pytorch_model.bin to convert")
    index = {}
    for number, source in enumerate(sources, 1):
        name = WHOLE if len(sources) == 1 else f"model-{number:05}-of-{len(sources):05}.safetensors"
        print(f"converting {source.name} to {name}", file=sys.stderr)
        try:
            loaded = torch.load(source, map_location="cpu", weights_only=True, mmap=True)
        except Exception as error:  # whatever torch stumbles over in a stranger's file
            raise FetchError(f"{source} cannot be read: {first_line(error)}") from error
        tensors = {key: value.clone().contiguous() for key, value in loaded.items() if isinstance(value, torch.Tensor)}
        save_file(tensors, folder / f".{name}.part", metadata={"format": "pt"})
        (folder / f".{name}.part").replace(folder / name)
        index |= dict.fromkeys(tensors, name)
    if len(sources) > 1:
        (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": index}, indent=2), encoding="utf-8")


def add(target: str) -> int:
    program = find_program()
    if program is None:
        print(f"next, where vignette is installed: vignette models add {target}")
        return 0
    return subprocess.run([program, "models", "add", target], check=False).returncode


def find_program() -> str | None:
    built = ROOT / "build/release/vignette"
    named = os.environ.get("VIGNETTE_PROGRAM")
    return named or (str(built) if built.is_file() else shutil.which("vignette"))


def spell_bytes(count: int) -> str:
    for unit, name in ((1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count / 1e3:.0f} kB"


if __name__ == "__main__":
    sys.exit(main())
