"""One scenario, run with our worker and with each version of the SDK's: what each of them asked of the platform.

Ours goes first. Its answers are then what the SDK's handler returns for the same jobs, so that all post the same
thing and any difference is one of the wire. The SDK's workers mostly wait, so they run at the same time.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from fake_runpod.client import FakeRunpod
from processes import until
from wire_view import asks
from workers import SDKS, start_ours, start_sdk

HOLD_S = 0.5  # idle polls come often, so that each state of the worker is seen in one


@dataclass
class Scenario:
    name: str
    play: object  # called with a Stage
    env: dict = field(default_factory=dict)


class Stage:
    """What a scenario may do and see while one worker plays it."""

    def __init__(self, platform, worker, is_ours):
        self.platform = platform
        self.worker = worker
        self.is_ours = is_ours  # only for how long to wait: both play the same
        self.began = time.time()
        self.code = None

    def requests(self, kind=None, job=None, having=""):
        return [one for one in self.platform.exchanges(kind, job) if asks(one["path"], having)]

    def wait_for(self, count, kind, job=None, having=""):
        seen = until(
            lambda: (found := self.requests(kind, job, having)) and len(found) >= count and found,
            lambda: f"{count} x {kind} {having}; the worker said last: {self.worker.lines[-5:]} {self.worker.tail()}",
            timeout_s=60,
        )
        return seen

    def run(self, job, job_input):
        self.platform.submit(job_input, id=job)
        self.platform.wait(job, timeout_s=60)

    def wait_for_exit(self):
        self.code = self.worker.wait()


@dataclass
class Recording:
    exchanges: list
    began: float
    code: int | None

    def of(self, kind, job=None, having=""):
        return [
            one
            for one in self.exchanges
            if one["kind"] == kind and job in (None, one["job"]) and asks(one["path"], having)
        ]


def play(scenario, start, home):
    home.mkdir(parents=True)
    with FakeRunpod(hold=HOLD_S, lease=600) as platform:
        platform.settings(recorded_bytes_max=8_000_000)
        worker = start(platform, home, scenario.env)
        stage = Stage(platform, worker, is_ours=start is start_ours)
        try:
            scenario.play(stage)
            return Recording(platform.exchanges(), stage.began, stage.code)
        finally:
            worker.kill()


def answers_of(recording):
    """What our worker said first about each job, for the SDK's handler to say again."""
    answers = {}
    for one in recording.exchanges:
        if one["kind"] not in ("done", "stream") or not one["body"]:  # without a body: a fault has cut it off
            continue
        body = json.loads(one["body"])
        said = answers.setdefault(one["job"], {"chunks": [], "progress": []})
        if one["kind"] == "stream":
            said["chunks"].append(body["output"])
        elif body.get("status") == "IN_PROGRESS":
            said["progress"].append(body["output"])
        elif said.keys() == {"chunks", "progress"}:
            said |= {"failure": json.loads(body["error"])["error_message"]} if "error" in body else body
    return answers


def record(scenario, folder):
    """Ours, and those of the SDK by its version."""
    ours = play(scenario, start_ours, folder / "ours")
    answers = folder / "answers.json"
    answers.write_text(json.dumps(answers_of(ours)))
    with ThreadPoolExecutor(len(SDKS)) as threads:
        begun = {
            version: threads.submit(
                play, scenario, partial(start_sdk, answers=answers, version=version), folder / version
            )
            for version in SDKS
        }
        return ours, {version: recording.result() for version, recording in begun.items()}
