"""Runs the built `vignette` and reads its results."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("VIGNETTE_PROGRAM", ROOT / "build/release/vignette"))


def caption_files(files, *options):
    """The result object of each file, in order."""
    if not PROGRAM.exists():
        raise SystemExit(f"{PROGRAM} is not built; run scripts/setup first")
    command = [PROGRAM, "caption", "--json", "--log-level", "error", *options, *files]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    if len(results) != len(files):
        raise SystemExit(f"{PROGRAM.name} answered {len(results)} of {len(files)} pictures:\n{done.stderr}")
    return results
