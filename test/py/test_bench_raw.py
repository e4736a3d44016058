"""scripts/bench-raw in small: the previews are taken, both sides say the same, and every stage has its time."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_two_small_files_from_sensor_values_to_captions_and_vectors():
    command = [ROOT / "scripts/bench-raw", "--files", "2", "--size", "1800x1200"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "2 DNG files of 1800 x 1200" in done.stdout
    assert "Vignette (path: preview)" in done.stdout
    for stage in ("read, twice", "decode, for captions", "caption", "embed", "develop", "preprocess and embed"):
        assert re.search(rf"  {stage} +\d+ ms +[\d.]+ ms a file", done.stdout), done.stdout
    same, alike = re.search(r"same captions: (\d) of 2; vectors: at least ([\d.]+) alike", done.stdout).groups()
    assert int(same) == 2 and float(alike) > 0.9, done.stdout
    assert re.search(r"total ours=\d+ms theirs=\d+ms ratio=[\d.]+", done.stdout)
