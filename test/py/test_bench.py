"""scripts/bench as a command: its rows have names, and a wrong name is a clear error."""

import subprocess
from pathlib import Path

import pytest

from bench import __main__ as rows

ROOT = Path(__file__).resolve().parents[2]
ROWS = {"generate-tiny", "preprocess-12mp", "media-dng-24mp", "weights-ready", "model-ready", "job-json-10mb", "help"}
START_ROWS = {"start-demo", "start-1gb"}
MEDIA_ROWS = {"media-640x480", "media-1080p-anyres", "media-png-1080p"}
WORKER_ROWS = {"worker-jobs-c1", "worker-jobs-c100", "worker-latency-1mb"}
DECODING_ROWS = {"decode-0.3b-fp32", "decode-1b-8bit-2t", "batch8-0.3b-16bit", "ready-0.3b-16bit"}


def bench(*arguments):
    return subprocess.run([ROOT / "scripts/bench", *arguments], capture_output=True, text=True, timeout=120)


def test_list_names_the_rows():
    done = bench("--list")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert {line.split()[0] for line in lines} >= ROWS | START_ROWS | MEDIA_ROWS | WORKER_ROWS | DECODING_ROWS
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


def test_what_needs_a_peer_runs_only_when_it_is_named():
    assert set(rows.PEERS) >= DECODING_ROWS
    assert not set(rows.PEERS) & (ROWS | START_ROWS | MEDIA_ROWS | WORKER_ROWS)


def test_a_peer_that_is_not_installed_is_a_clear_error(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(rows, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", ["scripts/bench", "help", "decode-0.3b-fp32"])
    with pytest.raises(SystemExit):
        rows.main()
    said = capsys.readouterr()
    assert "decode-0.3b-fp32 needs build/llama: run scripts/setup --peers first" in said.err
    assert said.out == ""
