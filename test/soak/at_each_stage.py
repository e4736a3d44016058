"""scripts/soak worker --stages: SIGTERM in each stage of a job. Each job that is held is answered or kept, the exit
code is 0, or 1 where a result could neither be posted nor kept, and the worker is gone half a second after its
grace."""

import shutil
import socket
import time
from dataclasses import dataclass, field

from fake_runpod.client import FakeRunpod

from . import bombs
from .job_mix import as_url, single
from .outbox_faults import bar
from .under_faults import START_S
from .worker_process import WorkerProcess

GRACE_S = 3
AFTER_GRACE_S = 0.5
BUSY_MACHINE_S = 1.5  # what a process may take beyond that to be seen as ended


def held(platform, id):
    platform.wait_until({"held": id}, START_S)


def handed_out(platform, id):
    deadline = time.monotonic() + START_S
    while platform.job(id)["status"] != "IN_PROGRESS":
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)


def posted(platform, id):
    platform.wait_until({"requests": "done"}, START_S)


def asked(origin):
    def wait(platform, id):
        origin.settimeout(START_S)
        connection, _ = origin.accept()
        connection.settimeout(START_S)
        connection.recv(1)
        connection.detach()  # stays open: nothing ever comes

    return wait


@dataclass
class Stage:
    """A worker brought to some point of its work."""

    name: str
    job: object = None
    faults: list = field(default_factory=list)
    environment: dict = field(default_factory=dict)
    end: str = "answered"  # within the grace; or kept, lost, or as it comes
    outbox: str = "there"  # or barred
    code: int = 0
    reached: object = held


SLOW_TAKE = [{"on": ["take", "take-batch"], "times": 1, "do": "slow-write:1000"}]
NO_ANSWER = [{"on": "done", "times": 0, "do": "hang:600"}]
STAGES = [
    Stage("idle"),
    Stage("load", environment={"SCRIPTED_LOAD_MS": 600_000}),
    Stage("take", single("taken"), SLOW_TAKE, reached=handed_out),  # the answer has begun to arrive
    Stage("decode", single("decoded", "decode", data_url=as_url(bombs.slow_jpeg()))),
    Stage("step", single("step", "sleep=60000")),
    Stage("deaf", single("deaf", "sleep=60000", "deaf")),  # a step that never returns
    Stage("post", single("posted"), NO_ANSWER, end="kept", reached=posted),
    Stage("no disk", single("lost"), NO_ANSWER, end="lost", reached=posted, outbox="barred", code=1),
    Stage("silence", single("unheard"), [{"on": "any", "after": 3, "times": 0, "do": "hang:600"}], end="any"),
]


def complaint(stage, platform, outbox, id, code, took):
    if code != stage.code:
        return f"the exit code is not {stage.code}"
    if took > GRACE_S + AFTER_GRACE_S + BUSY_MACHINE_S:
        return "too slow"
    if not id or stage.end == "any":
        return None
    status = platform.job(id)["status"]
    if stage.end == "answered":
        return None if status in ("COMPLETED", "FAILED") else f"the job is {status}"
    kept = list(outbox.rglob("*.result"))
    if stage.end == "lost":
        return "the result is kept" if kept else None
    return None if kept else "the result is not kept"


def has_come(stage, platform, id):
    try:
        stage.reached(platform, id)
    except TimeoutError:
        return stage.end == "any"
    return True


def end_in(stage, options, folder):
    outbox = folder / "outbox"
    outbox.unlink() if outbox.is_file() else shutil.rmtree(outbox, ignore_errors=True)
    with FakeRunpod(hold=5, lease=60) as platform:
        settings = {**stage.environment, "VIGNETTE_GRACE_S": GRACE_S, "VIGNETTE_OUTBOX": outbox}
        worker = WorkerProcess(platform, folder / "worker.log", **settings)
        try:
            platform.wait_until({"requests": "ping"} if stage.name == "load" else {"idle_takers": 1}, START_S)
            platform.faults(stage.faults)
            if stage.outbox == "barred":
                bar(outbox)
            id = platform.submit(stage.job) if stage.job else None
            reached = not id or has_come(stage, platform, id)
            code, took = worker.terminate()
        finally:
            worker.kill()
        wrong = complaint(stage, platform, outbox, id, code, took) if reached else "the stage was never reached"
        status = platform.job(id)["status"] if id else "no job"
    print(
        f"{stage.name:8} {took:5.2f} s of {GRACE_S}, exit code {code}, {status}{': ' + wrong if wrong else ''}",
        flush=True,
    )
    return wrong is None


def fetch(origin):
    """From a server that takes the question and never answers."""
    host, port = origin.getsockname()
    job = {"image_url": f"http://{host}:{port}/picture.webp", "prompt": "text=fetched;decode"}
    return Stage("fetch", job, environment={"VIGNETTE_ALLOW_PRIVATE_URLS": 1}, reached=asked(origin))


def run(options, folder):
    with socket.create_server(("127.0.0.1", 0)) as origin:
        good = [end_in(stage, options, folder) for stage in [*STAGES, fetch(origin)]]
    print(f"stages {len(good)} wrong {good.count(False)}")
    return all(good)
