"""Films that need much memory: however many come at once, they take their turns at it."""

import base64

import pytest

from fake_runpod.client import FakeRunpod
from hostile.films import EIGHT_K, many_references
from hostile.memory import Peak, resident
from processes import Program
from program import PROGRAM
from workers import environment

MIB = 2**20
AT_ONCE = 8


@pytest.fixture
def worker(tmp_path):
    """(the fake platform, the worker with the demo model)"""
    with FakeRunpod(hold=2.0, lease=120.0, record=False) as platform:
        program = Program([PROGRAM, "worker"], environment(platform, tmp_path, {"VIGNETTE_CONCURRENCY": "8"}), tmp_path)
        try:
            platform.wait_until({"idle_takers": 1}, 60)
            yield platform, program
        finally:
            program.kill()


def submit(platform, film, count=1):
    video = base64.b64encode(film).decode()
    return platform.submit_many([{"input": {"video": video, "timestamps": [0.9]}}] * count)


def describe_eight_k(platform, count):
    for job in submit(platform, many_references(), count):
        output = platform.wait(job, "COMPLETED", 240)["output"]
        assert (output["video"]["width"], output["video"]["height"]) == EIGHT_K
        assert output["descriptions"]


def told(what, *bytes):
    figures = [round(one / MIB) for one in bytes]
    print(f"\n{what}: {figures} MiB")
    return figures


def test_eight_films_of_sixteen_references_take_little_more_memory_than_one(worker):
    platform, program = worker
    before = resident(program.process.pid)
    with Peak(program.process.pid) as one:
        describe_eight_k(platform, 1)
    with Peak(program.process.pid) as eight:
        describe_eight_k(platform, AT_ONCE)
    after = resident(program.process.pid)
    figures = told("before, with one, with eight, afterwards", before, one.bytes, eight.bytes, after)
    assert one.bytes - before > 700 * MIB, figures  # else this test says nothing
    assert eight.bytes < one.bytes + 768 * MIB, figures
    assert after < before + 256 * MIB, figures


def test_a_film_that_is_larger_than_its_container_says_gets_what_that_explains(worker):
    platform, program = worker
    before = resident(program.process.pid)
    with Peak(program.process.pid) as peak:
        for job in submit(platform, many_references(said=(64, 48)), 2):
            output = platform.wait(job, "COMPLETED", 240)["output"]
            assert [error["error"]["code"] for error in output["errors"]] == ["too_large"]
    figures = told("before, with two that lie", before, peak.bytes)
    assert peak.bytes < before + 2 * 384 * MIB, figures
