"""scripts/bench as a command: its rows have names, and a wrong name is a clear error."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS = {"generate-tiny", "preprocess-12mp", "media-dng-24mp", "weights-ready", "model-ready", "job-json-10mb", "help"}
START_ROWS = {"start-demo", "start-1gb"}
MEDIA_ROWS = {"media-640x480", "media-1080p-anyres", "media-png-1080p"}
WORKER_ROWS = {"worker-jobs-c1", "worker-jobs-c100", "worker-latency-1mb"}


def bench(*arguments):
    return subprocess.run([ROOT / "scripts/bench", *arguments], capture_output=True, text=True, timeout=120)


def test_list_names_the_rows():
    done = bench("--list")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert {line.split()[0] for line in lines} >= ROWS | START_ROWS | MEDIA_ROWS | WORKER_ROWS
    assert all("wanted" in line for line in lines)


def test_an_unknown_row_is_a_clear_error():
    done = bench("generate-huge")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "there is no row generate-huge" in done.stderr
    assert "generate-tiny" in done.stderr
    assert "Traceback" not in done.stderr


def test_all_names_are_checked_before_anything_is_measured():
    done = bench("help", "generate-huge")
    assert (done.returncode, done.stdout) == (2, "")
