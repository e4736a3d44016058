"""How a worker ends, and what must not end it."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from fake_runpod.client import FakeRunpod
from pictures import picture
from places import WORKER
from processes import until
from workers import environment, start_ours


@pytest.fixture
def platform():
    with FakeRunpod(hold=2.0, lease=30.0) as fake:
        yield fake


@pytest.fixture
def start(platform, tmp_path):
    started = []

    def start(**changes):
        started.append(start_ours(platform, tmp_path, changes))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


def test_the_end_of_whoever_reads_the_log_is_not_the_workers(platform, tmp_path):
    command = [str(WORKER[0]), *map(str, WORKER[1:])]
    log = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, env=environment(platform, tmp_path, {}), cwd=tmp_path, **log) as worker:
        try:
            worker.stdout.close()
            jobs = [platform.submit(picture("text=unheard")) for _ in range(3)]
            assert all(platform.wait(job)["output"]["caption"] == "unheard" for job in jobs)
            worker.terminate()
            assert worker.wait(30) == 0
        finally:
            worker.kill()


def test_a_worker_that_is_replaced_waits_for_the_platform_to_take_its_result(platform, start):
    platform.faults([{"on": "done", "times": 5, "do": "status:503"}])  # longer than the grace
    worker = start(VIGNETTE_REFRESH_WORKER="1", VIGNETTE_GRACE_S="1")
    job = platform.submit(picture("text=late"))
    assert platform.wait(job)["output"]["caption"] == "late"
    assert platform.job(job)["stop_pod"]
    assert worker.wait() == 0


def test_a_platform_that_does_not_hear_the_stream_gets_the_result_soon(platform, start):
    platform.faults([{"on": "stream", "times": 0, "do": "hang:100"}])
    start()
    job = platform.submit(picture("pieces=a|b|c", stream=True))
    assert platform.wait(job, timeout_s=25)["output"]["caption"] == "abc"


def test_a_strangers_signal_does_not_make_the_worker_deaf(platform, start):
    worker = start()
    platform.wait_until({"idle_takers": 1})
    worker.process.send_signal(signal.SIGUSR2)
    pending = Path(f"/proc/{worker.process.pid}/status")
    until(
        lambda: all(
            int(line.split()[1], 16) == 0 for line in pending.read_text().splitlines() if line.startswith("ShdPnd")
        ),
        "its delivery",
    )
    worker.ask_to_end()
    assert worker.wait() == 0


def test_a_stop_before_the_model_is_loaded_ends_the_worker_at_once(platform, start):
    worker = start(SCRIPTED_LOAD_MS="600000")
    platform.wait_until({"requests": "ping", "at_least": 1})
    began = time.monotonic()
    worker.ask_to_end()
    assert worker.wait() == 0
    assert time.monotonic() - began < 20


def test_a_job_whose_step_never_returns_is_handed_back_and_the_others_are_answered(platform, start):
    worker = start(VIGNETTE_GRACE_S="2", VIGNETTE_CONCURRENCY="4")
    stuck = platform.submit(picture("sleep=600000;deaf"))
    platform.wait_until({"held": stuck})
    done = platform.submit(picture("text=quick"))
    assert platform.wait(done)["output"]["caption"] == "quick"
    began = time.monotonic()
    worker.ask_to_end()
    assert worker.wait() == 0
    assert time.monotonic() - began < 20
    assert json.loads(platform.job(stuck)["error"])["error_type"] == "shutting_down"


def test_results_that_a_hanging_platform_does_not_take_are_kept_and_posted_by_the_next_start(platform, start, tmp_path):
    worker = start(VIGNETTE_GRACE_S="2", VIGNETTE_OUTBOX=str(tmp_path / "outbox"))
    platform.faults([{"on": "done", "times": 0, "do": "hang:600"}])
    job = platform.submit(picture("text=late"))
    until(lambda: list(tmp_path.glob("outbox/*/*.result")), "the saved result")
    began = time.monotonic()
    worker.ask_to_end()
    assert worker.wait() == 0
    assert time.monotonic() - began < 20
    platform.clear_faults()
    start(VIGNETTE_OUTBOX=str(tmp_path / "outbox"))
    assert platform.wait(job)["output"]["caption"] == "late"


def test_a_result_that_is_neither_taken_nor_kept_is_no_good_end(platform, start, tmp_path):
    worker = start(VIGNETTE_GRACE_S="1")
    platform.faults([{"on": "done", "times": 0, "do": "status:503"}])
    job = platform.submit(picture("text=lost"))
    platform.wait_until({"requests": "done"})
    worker.ask_to_end()
    assert worker.wait() == 1
    assert platform.job(job)["status"] == "IN_PROGRESS"


def test_a_job_that_kills_its_worker_does_not_kill_the_next(platform, start, tmp_path):
    outbox = str(tmp_path / "outbox")
    first = start(VIGNETTE_OUTBOX=outbox)
    killer = platform.submit(picture("crash"))
    assert first.wait() < 0
    platform.worker_started()
    platform.settings(lease_s=0.5)
    next_one = start(VIGNETTE_OUTBOX=outbox)
    ended = platform.wait(killer)
    assert "not run a second time" in json.loads(ended["error"])["error_message"]
    assert platform.wait(platform.submit(picture("text=alive")))["output"]["caption"] == "alive"
    next_one.ask_to_end()
    assert next_one.wait() == 0


def test_a_line_break_behind_the_key_is_not_part_of_it(platform, start):
    start(RUNPOD_AI_API_KEY=platform.worker_env("x")["RUNPOD_AI_API_KEY"] + "\n")
    assert platform.wait(platform.submit(picture("text=heard")))["output"]["caption"] == "heard"


def test_a_key_that_no_header_can_hold_ends_the_start(start):
    assert start(RUNPOD_AI_API_KEY="key\nEvil: 1").wait() == 2
