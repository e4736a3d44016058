"""Runs build/*/decode_probe on files: what each contains, and its pixels."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILDS = [ROOT / "build" / preset / "decode_probe" for preset in ("release", "dev")]
PROBE = Path(os.environ.get("VIGNETTE_PROBE") or next((one for one in BUILDS if one.exists()), BUILDS[0]))
SANITIZED = "asan" in str(PROBE)


def probe(files, *options, program=PROBE):
    """One dict per file, in order. The process must survive all of them."""
    command = [str(program), *map(str, options), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=900)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    last = files[len(answers)] if len(answers) < len(files) else "the end"
    assert done.returncode == 0 and len(answers) == len(files), f"died at {last}: {done.stderr[-4000:]}"
    return answers
