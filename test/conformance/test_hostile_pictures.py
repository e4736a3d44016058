"""Pictures made to do harm, among good ones that come at the same time: each costs its own job and nothing else."""

import base64
import json
import os
import signal
import struct
from pathlib import Path

import pytest

from fake_runpod.client import FakeRunpod
from hostile.files import FILES, slow_jpeg
from hostile.films import EIGHT_K, avi
from places import ROOT
from processes import Program, until
from workers import environment

PROGRAM = ROOT / "build" / "release" / "vignette"
CORPUS = ROOT / "test" / "fuzz" / "corpus"
RAW = (CORPUS / "raw" / "none.dng").read_bytes()[1:]  # the first byte is for the fuzzer
GOOD = [  # each of these is opened in a decoder process
    (ROOT / "test/golden/images/lossy.webp").read_bytes(),
    (ROOT / "test/golden/images/rgb.bmp").read_bytes(),
    RAW,
]
TICK = os.sysconf("SC_CLK_TCK")


def cut(content):
    return content[: len(content) // 2]


def raw_without_its_end():
    """The sensor's values lie behind the end; the directories are where they were."""
    field = struct.pack("<HHI", 0x0111, 4, 1)
    before, _, after = RAW.partition(field)
    return before + field + struct.pack("<I", len(RAW) + 1000) + after[4:]


POISONED = FILES | {
    "cut.dng": (raw_without_its_end(), "truncated_image"),
    "cut.webp": (cut(GOOD[0]), "truncated_image"),
}
BAD_FILMS = {
    "no picture in 8192 x 4320": (avi([b"free" + bytes(64)], b"MJPG", EIGHT_K), "undecodable_image"),
    "cut": (cut((CORPUS / "film" / "h264.mp4").read_bytes()), "truncated_image"),
}


def as_text(content):
    return base64.b64encode(content).decode()


@pytest.fixture
def platform():
    with FakeRunpod(hold=2.0, lease=30.0) as fake:
        yield fake


@pytest.fixture
def worker(platform, tmp_path):
    program = Program(
        [str(PROGRAM), "worker"], environment(platform, tmp_path, {"VIGNETTE_CONCURRENCY": None}), cwd=tmp_path
    )
    platform.wait_until({"idle_takers": 1}, 60)
    yield program
    program.kill()


def children(worker):
    """The process ids of its decoders, and the seconds of processor time of each."""
    used = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().rpartition(")")
        except OSError:
            continue  # it has ended
        fields = rest.split()
        if "(vignette-decod" in name and int(fields[1]) == worker.process.pid:
            used[int(stat.parent.name)] = (int(fields[11]) + int(fields[12])) / TICK
    return used


def expect_captions(platform, jobs):
    for job in jobs:
        ended = platform.wait(job, timeout_s=120)
        assert ended["status"] == "COMPLETED" and ended["output"]["caption"], ended


def expect_error(platform, job, code, field):
    ended = platform.wait(job, timeout_s=120)
    assert ended["status"] == "FAILED", ended
    error = json.loads(ended["error"])
    assert (error["error_type"], error["field"]) == (code, field), error
    assert error["error_message"]


def test_each_poisoned_job_ends_in_its_own_error_and_each_good_one_is_captioned(platform, worker):
    inputs = [{"image": as_text(content)} for content, _ in POISONED.values()]
    inputs += [{"video": as_text(content)} for content, _ in BAD_FILMS.values()]
    codes = [code for _, code in (POISONED | BAD_FILMS).values()]
    beside = [{"image": as_text(GOOD[n % len(GOOD)])} for n in range(len(inputs))]
    mixed = [{"input": input} for pair in zip(inputs, beside) for input in pair]
    jobs = platform.submit_many(mixed)
    for job, input, code in zip(jobs[::2], inputs, codes):
        expect_error(platform, job, code, f"input.{next(iter(input))}")
    expect_captions(platform, jobs[1::2])
    assert platform.stats()["doubled"] == 0 and worker.alive


def test_a_batch_with_a_poisoned_picture_describes_the_others(platform, worker):
    pictures = [GOOD[0], FILES["self-referring.avif"][0], GOOD[1]]
    job = platform.submit({"images": [{"image": as_text(content)} for content in pictures]})
    first, second, third = platform.wait(job, "COMPLETED", 120)["output"]["results"]
    assert first["caption"] and third["caption"]
    assert second["error"]["code"] == FILES["self-referring.avif"][1]


def test_a_decoder_that_is_killed_in_the_middle_costs_its_picture_only(platform, worker):
    """It takes a second, a start a tenth of one: whichever decoder has used much more time than before is at it."""
    before = children(worker)
    assert before
    slow = platform.submit({"image": as_text(slow_jpeg())})

    def busy():
        return [pid for pid, seconds in children(worker).items() if seconds > before.get(pid, 0) + 0.3]

    found = until(busy, "a decoder at work")
    good = [platform.submit({"image": as_text(content)}) for content in GOOD]
    os.kill(found[0], signal.SIGKILL)
    expect_error(platform, slow, "undecodable_image", "input.image")
    later = [platform.submit({"image": as_text(content)}) for content in GOOD]
    expect_captions(platform, good + later)
    assert platform.stats()["doubled"] == 0 and worker.alive
    assert found[0] not in children(worker) and children(worker)
