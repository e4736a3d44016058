"""scripts/soak itself: it passes with a worker that keeps every promise, and names each broken one."""

import os
import random
import subprocess
from pathlib import Path

import pytest

from fake_runpod.client import python_with_aiohttp
from soak.fault_scripts import TEMPLATES, drawn

ROOT = Path(__file__).resolve().parents[2]
PYTHON = python_with_aiohttp()


def soak(folder, *arguments, **environment):
    stub = f"{PYTHON} {ROOT / 'test/soak/stub_worker.py'}"
    environment = {**os.environ, "VIGNETTE_PROGRAM": stub, "VIGNETTE_PLATFORM_PYTHON": PYTHON, **environment}
    command = [ROOT / "scripts/soak", "worker", "--folder", folder, "--seed", "7", "--lease", "3", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def last_line(done):
    return done.stdout.splitlines()[-1]


def test_a_good_worker_passes_through_faults_a_kill_and_a_stop(tmp_path):
    done = soak(tmp_path, "--jobs", "200", "--scripts", "3", "--kills", "1", "--stops", "1")
    assert (last_line(done), done.returncode) == ("lost 0 doubled 0 stuck 0", 0), done.stdout + done.stderr
    assert "kill -9" in done.stdout
    assert "SIGTERM with" in done.stdout


def test_a_good_worker_passes_sigterm_with_50_jobs_in_flight(tmp_path):
    done = soak(tmp_path, "--sigterm")
    assert (last_line(done), done.returncode) == ("lost 0 doubled 0 stuck 0", 0), done.stdout + done.stderr
    assert "50 completed" in done.stdout


def test_the_growth_of_the_memory_is_measured(tmp_path):
    done = soak(tmp_path, "--rss", "--jobs", "3000")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MiB per 1,000 jobs" in done.stdout
    done = soak(tmp_path, "--rss", "--jobs", "3000", STUB_SIN="leak")
    assert done.returncode == 1, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("sin", "sign"),
    [
        ("forget", "dropped: ["),
        ("double", "doubled: ["),
        ("swap", "has streamed"),
        ("nan", "the platform has refused posts"),
        ("code", "exit code after SIGTERM is 3"),
    ],
)
def test_a_broken_promise_fails_the_soak(tmp_path, sin, sign):
    done = soak(tmp_path, "--jobs", "150", "--scripts", "1", STUB_SIN=sin)
    assert done.returncode == 1, done.stdout
    assert sign in done.stdout
    assert (last_line(done) == "lost 0 doubled 0 stuck 0") == (sin in ("swap", "nan", "code"))


def test_the_same_seed_draws_the_same_scripts_and_44_are_44_different_ones():
    first, second = drawn(random.Random(3), 44), drawn(random.Random(3), 44)
    assert first == second != drawn(random.Random(4), 44)
    assert len(TEMPLATES) >= 44
    assert len({name.split(" + ")[0] for name, _ in first}) == 44


def test_a_missing_program_is_a_clear_error(tmp_path):
    done = soak(tmp_path, VIGNETTE_PROGRAM="/nowhere/vignette")
    assert done.returncode == 1
    assert "there is no /nowhere/vignette" in done.stderr
