"""One job: what was asked, where it stands, and everything that was posted for it."""

from dataclasses import dataclass, field

QUEUED, RUNNING = "IN_QUEUE", "IN_PROGRESS"
COMPLETED, FAILED, CANCELLED, TIMED_OUT = "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"
FINAL = (COMPLETED, FAILED, CANCELLED, TIMED_OUT)


@dataclass
class Final:
    """One final post of a worker, and whether the worker was told that it arrived."""

    digest: bytes
    life: int
    acknowledged: bool = False


@dataclass
class Chunk:
    output: object
    digest: bytes
    life: int
    acknowledged: bool = False


@dataclass
class Job:
    id: str
    request: dict  # what the client sent
    sync: bool = False
    odd: bool = False  # made by a fault or a test to be wrong; owes nobody a result
    status: str = QUEUED
    output: object = None
    has_output: bool = False
    error: object = None
    has_error: bool = False
    progress: object = None
    worker: str = ""
    handed: int = 0  # how often it was handed out, with duplicates
    attempts: int = 0
    retries: int = 0
    queued_at: float = 0.0
    taken_at: float = 0.0
    handed_at: float = 0.0  # the last time
    finished_at: float = 0.0
    listed_at: float = 0.0  # when a ping last named it
    delivered: bool = False  # the take that handed it out was answered without a fault
    named: bool = False  # by a ping since it was handed out: the worker holds it for certain
    taken_life: int = 0
    excuses: int = 0  # second results that the fake itself has provoked
    finals: list = field(default_factory=list)  # of this attempt of the client's; /retry starts anew
    stop_pod: bool = False
    faults: list = field(default_factory=list)  # what was done to its posts
    chunks: list = field(default_factory=list)
    unread: list = field(default_factory=list)  # chunks that no /stream has fetched yet

    def for_worker(self):
        """The job as it is handed out. The platform drops an empty input object."""
        out = {key: value for key, value in self.request.items() if key not in ("policy", "webhookV2")}
        out["id"] = self.id
        out.setdefault("webhook", None)
        if out.get("input") == {}:
            del out["input"]
        return out

    def cleaned_chunks(self):
        """The chunks of the worker's last life, without those sent again because their answer was lost."""
        kept = []
        for chunk in (chunk for chunk in self.chunks if chunk.life == self.chunks[-1].life):
            if kept and not kept[-1].acknowledged and kept[-1].digest == chunk.digest:
                kept[-1] = chunk
            else:
                kept.append(chunk)
        return [chunk.output for chunk in kept]
