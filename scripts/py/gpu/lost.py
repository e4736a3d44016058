"""The last section of scripts/bench-gpu: what a program does whose GPU fails for good."""

import json
import shutil
import subprocess
import time

from gpu.checks import Finding
from gpu.reference import draw_scenes, export_bundle, missing
from program import PROGRAM, caption_files
from tiny_models import make_blip2

PATIENCE_S = 120


def check_lost(lab):
    """A program reads beyond a table of its weights, which a GPU answers with an error that stays: does the process end
    by itself, with a code and a reason, and can the next one use the GPU?"""
    if reason := missing(lab):
        return Finding(f"skipped: {reason}")
    (file,) = draw_scenes(lab.folder / "lost-scenes", 1)
    snapshot = make_blip2(lab.folder / "lost-snapshot", seed=5)
    sound = export_bundle(snapshot, lab.folder / "lost-sound", lab)
    broken = lab.folder / "lost-broken"
    shutil.copytree(sound, broken)
    manifest = json.loads((broken / "manifest.json").read_text())
    manifest["cache"]["positions"] += 64  # its table of positions has no such rows
    (broken / "manifest.json").write_text(json.dumps(manifest))

    began = time.monotonic()
    command = [PROGRAM, "caption", "--model", broken, "--device", lab.device, file]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=PATIENCE_S)
    seconds = time.monotonic() - began
    reason = (done.stderr.strip().splitlines() or [""])[-1]
    after = caption_files([file], "--model", sound, "--device", lab.device)[0]
    ended = done.returncode > 0 and reason != "" and done.stdout == ""
    line = f"exit code {done.returncode} after {seconds:.1f} s, the next process "
    line += "has its caption" if "caption" in after else f"says {after}"
    return Finding(line, ended and "caption" in after, [f"> {reason[:300]}"])
