"""Runs the built `vignette` and reads its results."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("VIGNETTE_PROGRAM", ROOT / "build/release/vignette"))


def caption_files(files: Sequence[Path], *options) -> list[dict]:
    """The result object of each file, in order."""
    return _lines(["caption", "--json", *options, *files], len(files))


def embed(files: Sequence[Path], texts: Sequence[str], *options) -> list[dict]:
    """The result object of each file, then of each text."""
    told = [word for text in texts for word in ("--text", text)]
    return _lines(["embed", *options, *files, *told], len(files) + len(texts))


def _lines(words: list, count: int) -> list[dict]:
    if not PROGRAM.exists():
        raise SystemExit(f"{PROGRAM} is not built; run scripts/setup first")
    command = [PROGRAM, *words, "--log-level", "error"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    # not splitlines(): a caption of a random model may hold U+2028, which JSON allows in a line
    results = [json.loads(line) for line in done.stdout.split("\n") if line]
    if len(results) != count:
        raise SystemExit(f"{PROGRAM.name} answered {len(results)} of {count} pictures:\n{done.stderr}")
    return results


def run_batch(pictures: list[dict], *options) -> list[dict]:
    """The result object of each picture of one job, in order; a picture is an object as in `images`."""
    if not PROGRAM.exists():
        raise SystemExit(f"{PROGRAM} is not built; run scripts/setup first")
    command = [PROGRAM, "run", "-", "--log-level", "error", *options]
    event = json.dumps({"input": {"images": pictures}})
    done = subprocess.run([str(part) for part in command], input=event, capture_output=True, text=True)
    try:
        return json.loads(done.stdout)["results"]
    except (ValueError, KeyError):
        raise SystemExit(f"{PROGRAM.name} answered {done.stdout[:500]!r}\n{done.stderr}") from None
