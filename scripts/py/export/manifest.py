"""manifest.json: everything the C++ side must know about a model, resolved here so that it need not guess."""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

from export.errors import ExportError

VERSION = 2
PRESETS = ("alt_text", "one_sentence", "detailed", "tags", "production", "json", "grounding")
CHUNK = 16 << 20
PROGRESS_EVERY = 2.0  # seconds


def whole(
    family,
    described: dict,
    *,
    name: str,
    dtype: str,
    program: dict,
    tokenizer: dict,
    weights: dict,
    source: str | None = None,
) -> dict:
    """All parts in the order in which a reader wants them. described: what the family says of the model."""
    packs = {"packs": described["packs"]} if "packs" in described else {}
    # Only a float16 model of the reference keeps parts in float32; a bfloat16 one does not.
    keeps = {"float32": described["float32"] if dtype == "float16" else []}
    parts = {
        "manifest_version": VERSION,
        "name": name,
        "family": family.FAMILY,
        "kind": family.KIND,
        "dtype": dtype,
        "source": source,
        "program": program,
        "tokenizer": tokenizer,
        "weights": weights | {"ties": described["ties"], "renames": described["renames"]} | packs | keeps,
    }
    of_kind = {"captioner": ("cache", "generation"), "embedder": ("embedding",)}[family.KIND]
    film = ("film",) if "film" in described else ()
    return parts | {key: described[key] for key in ("image", *film, "text", *of_kind)}


def with_presets(text: dict, snapshot: Path) -> dict:
    """A checkpoint may bring the words that it is best asked for a preset: presets.json, {"alt_text": "..."}."""
    file = snapshot / "presets.json"
    if not file.exists():
        return text
    try:
        prompts = json.loads(file.read_text())
    except ValueError as error:
        raise ExportError(f"{file} is no JSON: {error}") from error
    fits = isinstance(prompts, dict) and all(isinstance(prompt, str) for prompt in prompts.values())
    if not fits or not set(prompts) <= set(PRESETS):
        raise ExportError(f"{file} must be an object of prompts, with keys of {', '.join(PRESETS)}")
    return text | {"presets": prompts}


def weights_part(snapshot: Path, bundle: Path, names: list[str], say) -> dict:
    files = []
    for name in names:
        path = snapshot / name
        say(f"digest of {name} ({spell_bytes(path.stat().st_size)})")
        files.append({"file": name, "bytes": path.stat().st_size, "sha256": digest(path)})
    return {"folder": weights_folder(snapshot, bundle), "files": files}


def weights_folder(snapshot: Path, bundle: Path) -> str:
    """Relative where the weights lie inside the bundle, so that it can be moved; else absolute. Symbolic links
    to folders are followed; those to files, as in Hugging Face's cache, are left to whoever opens them."""
    weights, home = snapshot.resolve(), bundle.resolve()
    return os.path.relpath(weights, home) if weights.is_relative_to(home) else str(weights)


def digest(path: Path) -> str:
    """Reads with a bounded buffer and tells how far it got: weights can have many gigabytes."""
    summed, done, told = hashlib.sha256(), 0, time.monotonic()
    total = path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            summed.update(chunk)
            done += len(chunk)
            if time.monotonic() - told > PROGRESS_EVERY:
                told = time.monotonic()
                print(f"    {spell_bytes(done)} of {spell_bytes(total)}", file=sys.stderr, flush=True)
    return summed.hexdigest()


def spell_bytes(count: int) -> str:
    return (
        f"{count / 1e9:.1f} GB"
        if count >= 1e9
        else f"{count / 1e6:.1f} MB"
        if count >= 1e6
        else f"{count / 1e3:.0f} kB"
    )


def file_part(path: Path) -> dict:
    return {"file": path.name, "sha256": digest(path)}


def make_folder(bundle: Path) -> None:
    try:
        bundle.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"the folder {bundle} cannot be made: {error.strerror}") from error


def write_json(file: Path, value: dict) -> None:
    write_file(file, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def write_file(file: Path, content: bytes) -> None:
    """All or nothing: a reader never sees half a file."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ExportError(f"{file} cannot be written: {error.strerror}") from error
