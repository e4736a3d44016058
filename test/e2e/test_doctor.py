"""The doctor's table: what fails stands there with its remedy, and the exit code says so to scripts."""

import os
import re
import shutil
import subprocess

import pytest

from conftest import PROGRAM, ROOT, vignette


def line(outcome, name):
    return next(row for row in outcome.stdout.splitlines() if row.split()[1:2] == [name])


def test_a_failed_check_has_a_remedy_and_exits_with_one():
    outcome = vignette("doctor", env={"RUNPOD_MIN_MEMORY_GB": "100000"})
    assert outcome.code == 1
    rows = outcome.stdout.splitlines()
    assert line(outcome, "memory").startswith("FAILED")
    assert rows[rows.index(line(outcome, "memory")) + 1].strip().startswith("-> ")


def test_the_demo_bundle_is_whole_to_the_last_byte():
    outcome = vignette("doctor", "--deep", "--model", ROOT / "models/demo-blip2")
    assert line(outcome, "files").startswith("ok")
    assert outcome.code == 0
    start = re.search(r"ok +start +the model was ready after ([\d.]+) s; its first picture took", outcome.stdout)
    loaded = re.search(r"demo-blip2 is loaded after ([\d.]+) s: (.*)", outcome.stderr)
    phases = dict(part.split() for part in loaded[2].split(", "))
    assert list(phases) == ["device", "program", "weights", "slots", "warm-up"]
    assert abs(sum(map(float, phases.values())) - float(loaded[1])) <= 0.05 * float(loaded[1]) + 0.05
    assert float(loaded[1]) <= float(start[1]) + 0.01


def test_a_model_that_does_not_start_is_told():
    outcome = vignette("doctor", "--deep", "--model", ROOT / "models/demo-blip2", "--embedder", "nowhere")
    assert outcome.code == 1
    assert line(outcome, "start").startswith("FAILED")


def test_a_variable_that_is_not_understood_is_told():
    outcome = vignette("doctor", env={"RUNPOD_MIN_DISK_PERCENT": "a tenth"})
    assert "RUNPOD_MIN_DISK_PERCENT=a tenth" in line(outcome, "settings")


def test_a_captioner_that_cannot_be_opened_is_told(tmp_path):
    """As where its libraries lie in a folder that this user cannot read."""
    shutil.copy(PROGRAM, tmp_path / "vignette")
    (tmp_path / "vignette-decoder").symlink_to(PROGRAM.parent / "vignette-decoder")
    (tmp_path / "libvignette-captioner.so").write_bytes(b"\x7fELF")
    done = subprocess.run(
        [tmp_path / "vignette", "doctor"],
        env={**os.environ, "VIGNETTE_MODELS": str(ROOT / "models")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and "Not ready" in done.stdout
    rows = done.stdout.splitlines()
    assert rows[0].startswith("FAILED  captioner") and "cannot be loaded" in rows[0] and "scripts/setup" in rows[1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_the_doctor_looks_as_the_user_who_asks(tmp_path):
    done = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", PROGRAM, "doctor"],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
    )
    told = next(row for row in done.stdout.splitlines() if " captioner " in row)
    libraries = subprocess.run(
        [
            "setpriv",
            "--reuid",
            "65534",
            "--regid",
            "65534",
            "--clear-groups",
            "ldd",
            PROGRAM.parent / "libvignette-captioner.so",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    assert told.startswith("FAILED" if "not found" in libraries else "ok")
