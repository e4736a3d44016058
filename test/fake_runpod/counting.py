"""The accounts of the fake: what was promised, what arrived, and what arrived twice."""

from collections import Counter

from .job import CANCELLED, COMPLETED, FAILED, TIMED_OUT

NAMES_MAX = 20


class Count:
    def __init__(self):
        self.submitted = 0
        self.ended = Counter()  # by final status
        self.doubled = 0  # a second, different result, or one repeated although the worker knew it had arrived
        self.repeated = 0  # the same result again, rightly so: its answer was lost
        self.late = 0  # progress or stream after the final post
        self.after_cancel = 0  # results of jobs that the client had cancelled
        self.error_objects = 0  # results whose error was not a string
        self.requeued = 0
        self.requeued_after_fault = 0  # the fake never delivered it properly
        self.requeued_after_kill = 0  # the worker that had it is dead
        self.requeued_silent = 0  # no ping came at all
        self.dropped = 0  # a living worker that had it no longer lists it and posted nothing
        self.progress = 0
        self.chunks = 0
        self.stop_pod = 0
        self.requests = Counter()  # by kind
        self.refused = Counter()  # worker's requests by kind and status, without faults
        self.faults = Counter()  # by what was done
        self.names = {}

    def name(self, what, id):
        named = self.names.setdefault(what, [])
        if len(named) < NAMES_MAX:
            named.append(id[:100])

    def as_json(self, jobs):
        owed = [job for job in jobs.by_id.values() if not job.odd]
        stuck = [job.id for job in owed if job.status in ("IN_QUEUE", "IN_PROGRESS")]
        lost = [job.id for job in owed if job.status in (COMPLETED, FAILED, TIMED_OUT) and not job.finals]
        odd = [job for job in jobs.by_id.values() if job.odd]
        unanswered = [job.id[:100] for job in odd if not job.finals]
        return {
            "submitted": self.submitted,
            "queued": len(jobs.queue),
            "in_progress": len(jobs.running),
            "completed": self.ended[COMPLETED],
            "failed": self.ended[FAILED],
            "cancelled": self.ended[CANCELLED],
            "timed_out": self.ended[TIMED_OUT],
            "lost": len(lost) + self.dropped,
            "doubled": self.doubled,
            "stuck": len(stuck),
            "repeated": self.repeated,
            "late": self.late,
            "dropped": self.dropped,
            "after_cancel": self.after_cancel,
            "error_objects": self.error_objects,
            "requeued": self.requeued,
            "requeued_after_fault": self.requeued_after_fault,
            "requeued_after_kill": self.requeued_after_kill,
            "requeued_silent": self.requeued_silent,
            "progress": self.progress,
            "chunks": self.chunks,
            "stop_pod": self.stop_pod,
            "odd_handed": len(odd),
            "odd_answered": sum(1 for job in odd if job.finals),
            "requests": dict(self.requests),
            "refused": dict(self.refused),
            "faults": dict(self.faults),
            "names": {
                **self.names,
                "lost": lost[:NAMES_MAX],
                "stuck": stuck[:NAMES_MAX],
                "odd_unanswered": unanswered[:NAMES_MAX],
            },
        }
