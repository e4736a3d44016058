"""manifest.json: everything the C++ side must know about a model, resolved here so that it need not guess."""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

from export.errors import ExportError

VERSION = 1
BICUBIC = 3  # PIL's number, as preprocessor_config.json has it
CHUNK = 16 << 20
PROGRESS_EVERY = 2.0  # seconds


def image_part(processor, side: int) -> dict:
    """The recipe of the pictures: resize, then (byte - mean) / std, with the factor 1/255 folded into both."""
    for flag in ("do_resize", "do_rescale", "do_normalize"):
        if not getattr(processor, flag, None):
            raise ExportError(f"preprocessor_config.json has {flag} off, which cannot be exported")
    for flag in ("do_center_crop", "do_pad"):
        if getattr(processor, flag, None):
            raise ExportError(f"preprocessor_config.json has {flag} on, which cannot be exported")
    if processor.resample is None or int(processor.resample) != BICUBIC:
        raise ExportError(f"preprocessor_config.json has resample {processor.resample}; only 3 (bicubic) can be exported")
    if (getattr(processor.size, "height", None), getattr(processor.size, "width", None)) != (side, side):
        raise ExportError(
            f"preprocessor_config.json makes pictures of size {_spell_size(processor.size)}, "
            f"and the vision model in config.json takes {side}x{side}"
        )
    return {
        "width": side,
        "height": side,
        "resample": "bicubic",
        "mean": _folded(processor.image_mean, processor.rescale_factor),
        "std": _folded(processor.image_std, processor.rescale_factor),
    }


def _spell_size(size) -> str:
    if not size:
        return "unknown"
    return ", ".join(f"{key} {value}" for key, value in dict(size).items() if value is not None)


def _folded(values, factor: float) -> list[float]:
    """In the reference's order of arithmetic: float32 times 1/factor. A float32 is exact as JSON's double."""
    import torch

    return (torch.tensor(values, dtype=torch.float32) * (1.0 / factor)).tolist()


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
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def file_part(path: Path) -> dict:
    return {"file": path.name, "sha256": digest(path)}


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
