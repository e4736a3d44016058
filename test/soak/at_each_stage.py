"""scripts/soak worker --stages: SIGTERM in each stage of a job. Each job that is held is answered or kept, the exit
code is 0, and the worker is gone half a second after its grace."""

import shutil
import time
from dataclasses import dataclass, field

from fake_runpod.client import FakeRunpod

from . import bombs
from .job_mix import as_url, single
from .slow_origin import SlowOrigin
from .under_faults import START_S
from .worker_process import ROOT, WorkerProcess

GRACE_S = 3
AFTER_GRACE_S = 0.5
BUSY_MACHINE_S = 1.5  # what a process may take beyond that to be seen as ended


def held(platform, id, _):
    platform.wait_until({"held": id}, START_S)


def handed_out(platform, id, _):
    deadline = time.monotonic() + START_S
    while platform.job(id)["status"] != "IN_PROGRESS" and time.monotonic() < deadline:
        time.sleep(0.01)


def posted(platform, id, _):
    platform.wait_until({"requests": "done"}, START_S)


def fetching(platform, id, origin):
    if not origin.asked.wait(START_S):
        raise TimeoutError("nobody fetched")


@dataclass
class Stage:
    """A worker brought to some point of its work."""

    name: str
    job: object = None  # a function is given the address of a picture that never arrives
    faults: list = field(default_factory=list)
    environment: dict = field(default_factory=dict)
    end: str = "answered"  # within the grace; or kept; or as it comes
    reached: object = held


SLOW_TAKE = [{"on": ["take", "take-batch"], "times": 1, "do": "slow-write:1000"}]
FETCHES = {  # the scripted captioner does not
    "VIGNETTE_PROGRAM": ROOT / "build/release/vignette",
    "VIGNETTE_ALLOW_PRIVATE_URLS": "true",
    "VIGNETTE_URL_DEADLINE_S": 600,
}
STAGES = [
    Stage("idle"),
    Stage("load", environment={"SCRIPTED_LOAD_MS": 600_000}),
    Stage("take", single("taken"), SLOW_TAKE, reached=handed_out),  # the answer has begun to arrive
    Stage("fetch", lambda url: {"image_url": url}, environment=FETCHES, reached=fetching),
    Stage("decode", single("decoded", "decode", data_url=as_url(bombs.slow_jpeg()))),
    Stage("step", single("step", "sleep=60000")),
    Stage("deaf", single("deaf", "sleep=60000", "deaf")),  # a step that never returns
    Stage("post", single("posted"), [{"on": "done", "times": 0, "do": "hang:600"}], end="kept", reached=posted),
    Stage("silence", single("unheard"), [{"on": "any", "after": 3, "times": 0, "do": "hang:600"}], end="any"),
]


def complaint(stage, platform, outbox, id, code, took):
    if code != 0:
        return f"exit code {code}"
    if took > GRACE_S + AFTER_GRACE_S + BUSY_MACHINE_S:
        return "too slow"
    if not id or stage.end == "any":
        return None
    status = platform.job(id)["status"]
    if stage.end == "answered":
        return None if status in ("COMPLETED", "FAILED") else f"the job is {status}"
    return None if list(outbox.rglob("*.result")) else "the result is not kept"


def has_been_reached(stage, platform, id, origin):
    try:
        stage.reached(platform, id, origin)
    except TimeoutError:
        return stage.end == "any"
    return True


def end_in(stage, options, folder):
    outbox = folder / "outbox"
    shutil.rmtree(outbox, ignore_errors=True)
    with FakeRunpod(hold=5, lease=60) as platform, SlowOrigin() as origin:
        settings = {**stage.environment, "VIGNETTE_GRACE_S": GRACE_S, "VIGNETTE_OUTBOX": outbox}
        worker = WorkerProcess(platform, folder / "worker.log", **settings)
        try:
            loads = "SCRIPTED_LOAD_MS" in stage.environment
            platform.wait_until({"requests": "ping"} if loads else {"idle_takers": 1}, START_S)
            platform.faults(stage.faults)
            job = stage.job(origin.url) if callable(stage.job) else stage.job
            id = platform.submit(job) if job else None
            reached = not id or has_been_reached(stage, platform, id, origin)
            code, took = worker.terminate()
        finally:
            worker.kill()
        wrong = complaint(stage, platform, outbox, id, code, took) if reached else "the stage was not reached"
        status = platform.job(id)["status"] if id else "no job"
    print(
        f"{stage.name:8} {took:5.2f} s of {GRACE_S}, exit code {code}, {status}{': ' + wrong if wrong else ''}",
        flush=True,
    )
    return wrong is None


def run(options, folder):
    good = [end_in(stage, options, folder) for stage in STAGES]
    print(f"stages {len(good)} wrong {good.count(False)}")
    return all(good)
