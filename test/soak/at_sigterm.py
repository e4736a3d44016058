"""scripts/soak worker --sigterm: with 50 jobs in flight, all are posted within the grace and the exit code is 0."""

import random
import time

from fake_runpod.client import FakeRunpod

from .job_mix import draw_job, single
from .under_faults import START_S, verdict
from .worker_process import GRACE_S, WorkerProcess

IN_FLIGHT = 50
AFTERWARDS = 10  # come while it drains: they stay queued, or are answered
POLLS_END_S = 1.0


def wait_for_the_polls_to_end(platform):
    """A job handed out at the very moment at which a poll is given up would be nobody's fault."""
    try:
        platform.wait_until({"takers_at_most": 0}, POLLS_END_S)
        return "ended at once"
    except TimeoutError:
        return f"went on for more than {POLLS_END_S} s"


def run(options, folder):
    draw = random.Random(options.seed)
    with FakeRunpod(hold=5, lease=60) as platform:
        worker = WorkerProcess(platform, folder / "worker.log", SCRIPTED_PICTURES=256)
        try:
            platform.wait_until({"idle_takers": 1}, START_S)
            inputs = [single(f"s{n}", f"sleep={draw.randint(1000, 4000)}") for n in range(IN_FLIGHT)]
            ids = platform.submit_many([{"input": input} for input in inputs])
            for id in ids:
                platform.wait_until({"held": id}, START_S)
            held = platform.stats()["in_progress"]
            platform.faults([{"on": "done", "times": 10, "after": 5, "do": "status:503"}])
            platform.faults([{"on": "done", "times": 5, "after": 20, "do": "reset"}])
            began = time.monotonic()
            worker.process.terminate()  # once: a second signal means "at once"
            polls_end = wait_for_the_polls_to_end(platform)
            later = platform.submit_many([{"input": draw_job(draw, n).input} for n in range(AFTERWARDS)])
            code, _ = worker.wait()
            took = time.monotonic() - began
        finally:
            worker.kill()
        platform.client("purge-queue")
        stats = platform.stats()
        done = sum(job["status"] == "COMPLETED" for job in platform.details(ids))
        print(f"SIGTERM with {held} jobs in flight: {done} completed, {took:.1f} s of {GRACE_S}, exit code {code}")
        answered = sum(job["status"] in ("COMPLETED", "FAILED") for job in platform.details(later))
        print(f"idle polls {polls_end}; of {AFTERWARDS} jobs that came then, {answered} were still answered")
        good = held == IN_FLIGHT and done == IN_FLIGHT and code == 0 and took <= GRACE_S
        return verdict(stats) and good
