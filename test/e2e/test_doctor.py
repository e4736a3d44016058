"""The doctor's table: what fails stands there with its remedy, and the exit code says so to scripts."""

from conftest import ROOT, vignette


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


def test_a_variable_that_is_not_understood_is_told():
    outcome = vignette("doctor", env={"RUNPOD_MIN_DISK_PERCENT": "a tenth"})
    assert "RUNPOD_MIN_DISK_PERCENT=a tenth" in line(outcome, "settings")
