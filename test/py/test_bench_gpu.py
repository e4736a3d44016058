"""scripts/bench-gpu on the CPU: says nothing about a GPU, but the script itself runs from end to end."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "py"))

import bench_gpu  # noqa: E402
import gpu_models  # noqa: E402


def dry_run(report, *options):
    command = [ROOT / "scripts/bench-gpu", "--dry-run", "--out", report, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def test_dry_run_of_all_sections(tmp_path):
    done = dry_run(tmp_path / "report.md")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert lines == ["a flash", "b graph", "c upload", "d tokens", "e true-size", "report"]
    report = (tmp_path / "report.md").read_text()
    assert report.startswith("# Dry run on a CPU: says nothing about a GPU")
    assert "NOT OK" not in report


def test_sections_by_letter_and_by_name(tmp_path):
    done = dry_run(tmp_path / "report.md", "--only", "upload,a")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line[0] for line in done.stdout.splitlines()[:-1]] == ["c", "a"]


def test_an_unknown_section_is_a_clear_error(tmp_path):
    done = dry_run(tmp_path / "report.md", "--only", "a,speed")
    assert done.returncode == 2
    assert "there is no section speed" in done.stderr
    assert not (tmp_path / "report.md").exists()


def test_without_a_gpu_it_says_so():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    done = subprocess.run([ROOT / "scripts/bench-gpu"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "no GPU" in done.stderr


def test_help_says_that_it_never_ran_on_a_gpu():
    done = subprocess.run([ROOT / "scripts/bench-gpu", "--help"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0
    assert "Never run on one so far" in done.stdout


def test_a_section_that_fails_does_not_stop_the_others(monkeypatch):
    monkeypatch.setitem(bench_gpu.SECTIONS, "c", ("upload", "gpu_models", "no_such_check"))
    finding = bench_gpu.run_section("c", lab=None)
    assert not finding.ok
    assert finding.line.startswith("FAILED: AttributeError")


@pytest.mark.parametrize(
    "ours, theirs, place",
    [([1, 2], [1, 2], None), ([1, 2], [1, 3], 1), ([1], [1, 2], 1), ([1, 2, 3], [1, 2], 2), ([], [], None)],
)
def test_first_difference(ours, theirs, place):
    assert gpu_models.first_difference(ours, theirs) == place
