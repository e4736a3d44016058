"""scripts/bench-load as a command: each scene runs and says what it saw. Whether it meets its aim is another matter:
a machine that is shared is no judge of that."""

import re
import subprocess

import pytest

from serving import ROOT


def load(*arguments):
    return subprocess.run([ROOT / "scripts/bench-load", *arguments], capture_output=True, text=True, timeout=240)


def numbers(line: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"(\w+)=([+-]?[\d.]+)", line)}


def test_distinct_pictures_get_their_own_answers():
    done = load("--quick", "distinct")
    assert done.stdout.startswith("distinct ok right=100/100"), done.stdout + done.stderr


@pytest.mark.parametrize("scene", ["start", "idle", "overload", "addresses"])
def test_a_scene_runs_and_says_what_it_saw(scene):
    done = load("--quick", scene)
    assert re.match(rf"{scene} (ok|missed) \S.*\(aim: .*\)\n$", done.stdout), done.stdout + done.stderr
    seen = numbers(done.stdout)
    if scene == "overload":
        assert seen["low"] > 0 and seen["rejected"] > seen["accepted"] > 0
    if scene == "idle":
        assert seen["rss"] < 60
    if scene == "addresses":
        assert min(seen.values()) > 0
    if scene == "start":
        assert 0 < seen["median"] < 10_000


def test_an_unknown_scene_is_a_clear_error():
    done = load("riot")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no scene riot" in done.stderr and "Traceback" not in done.stderr
