"""The jobs: the queue, who holds which job, and what came back."""

import asyncio
import hashlib
import json
import time
import uuid
from collections import OrderedDict, deque

from .job import CANCELLED, COMPLETED, FAILED, FINAL, QUEUED, RUNNING, Chunk, Final, Job

ON_THE_WAY_S = 0.5  # a result that comes so soon after a second hand-out was sent before the worker knew of it


class Jobs:
    def __init__(self, settings, count):
        self.settings = settings
        self.count = count
        self.by_id = {}
        self.queue = OrderedDict()  # by id
        self.raw = deque()  # bodies that tests want handed out as they are
        self.running = {}
        self.takers = deque()
        self.life = 1
        self.last_ping = {}  # by worker: when a ping was last answered
        self.on_final = lambda job: None

    def begin_life(self):
        """The worker before is dead, and holds nothing: what it had is handed out again once its lease ends."""
        self.life += 1
        for job in self.running.values():
            job.named = False
        return self.life

    # The client's side

    def add(self, request, sync=False, id=None):
        id = id or ("sync-" if sync else "") + f"{uuid.uuid4()}-u1"
        job = Job(id, request, sync)
        self.by_id[id] = job
        self.count.submitted += 1
        self._enqueue(job)
        return job

    def add_raw(self, body):
        self.raw.append(body)
        self._wake()

    def add_odd(self, id):
        """A job that a fault has made up and just handed out."""
        job = self.by_id[id] = Job(id, {}, odd=True, status=RUNNING, taken_at=time.monotonic())
        return job

    def cancel(self, job):
        if job.status in FINAL:
            return False
        was_running = job.status == RUNNING
        self._end(job, CANCELLED)
        return was_running

    def retry(self, job):
        job.output, job.has_output, job.error, job.has_error, job.progress = None, False, None, False, None
        job.finals, job.chunks, job.unread = [], [], []
        job.attempts = job.handed = job.excuses = 0
        self._enqueue(job)

    def purge(self):
        queued = list(self.queue.values())
        for job in queued:
            self._end(job, CANCELLED)
        return len(queued)

    # The worker's side

    async def take(self, most, hold_s):
        """Up to so many jobs as soon as there is one, or none after the hold. Raw bodies go out alone."""
        end = time.monotonic() + hold_s
        while True:
            if self.raw:
                return self.raw.popleft()
            if self.queue:
                return [self.queue.popitem(last=False)[1] for _ in range(min(most, len(self.queue)))]
            left = end - time.monotonic()
            if left <= 0:
                return []
            turn = asyncio.get_running_loop().create_future()
            self.takers.append(turn)
            timer = asyncio.get_running_loop().call_later(left, lambda turn=turn: turn.done() or turn.set_result(None))
            try:
                await turn
            except asyncio.CancelledError:
                self._wake()  # the turn may have come just before the taker went away
                raise
            finally:
                timer.cancel()
                if turn in self.takers:
                    self.takers.remove(turn)

    def hand_out(self, job, worker):
        now = time.monotonic()
        job.status, job.worker, job.delivered, job.named = RUNNING, worker, False, False
        job.taken_at = job.listed_at = now
        job.taken_life = self.life
        job.attempts += 1
        self.running[job.id] = job
        self.handed(job)

    def delivered(self, jobs):
        """The whole answer was sent; from now on pings should list them."""
        for job in jobs:
            job.delivered, job.listed_at = True, time.monotonic()

    def handed(self, job):
        job.handed += 1
        job.handed_at = time.monotonic()

    def put_back(self, jobs):
        """They were never sent: first in the queue again, as if nothing had been."""
        for job in reversed(jobs):
            self.queue[job.id] = job
            self.queue.move_to_end(job.id, last=False)
        self._wake()

    def listed(self, worker, ids):
        now = time.monotonic()
        self.last_ping[worker] = now
        for id in ids:
            if id in self.running:
                self.running[id].listed_at, self.running[id].named = now, True

    def finish(self, job, result, body):
        """Takes a final post; what it means for the count is told by finals."""
        final = Final(hashlib.sha256(body).digest(), self.life)
        if job.finals or (job.status in FINAL and job.status != CANCELLED):
            self._count_second(job, final)
            return final
        job.finals.append(final)
        job.stop_pod = job.stop_pod or result.get("stopPod") is True
        if job.status == CANCELLED:
            self.count.after_cancel += 1
            return final
        if job.handed > 1 and time.monotonic() - job.handed_at < ON_THE_WAY_S:
            job.excuses += 1
        error = result.get("error")
        job.has_output, job.output = "output" in result, result.get("output")
        if isinstance(error, str) and error:
            job.error, job.has_error = error, True
        elif error:
            self.count.error_objects += 1  # the platform shows such jobs COMPLETED and without output
            job.has_output = False
        self._end(job, FAILED if job.has_error else COMPLETED)
        return final

    def _count_second(self, job, final):
        first = job.finals[0] if job.finals else None
        same = first is not None and first.digest == final.digest
        told = any(past.acknowledged and past.life == final.life for past in job.finals)
        job.finals.append(final)
        if job.excuses > 0:
            job.excuses -= 1
            self.count.repeated += 1
        elif same and not told:
            self.count.repeated += 1
        else:
            self.count.doubled += 1
            self.count.name("doubled", job.id)

    def add_chunk(self, job, output, body):
        chunk = Chunk(output, hashlib.sha256(body).digest(), self.life)
        if job.status in FINAL:
            self._count_late(job)
            return chunk
        job.chunks.append(chunk)
        job.unread.append(output)
        self.count.chunks += 1
        return chunk

    def add_progress(self, job, output):
        if job.status in FINAL:
            self._count_late(job)
            return
        job.progress = output
        self.count.progress += 1

    def _count_late(self, job):
        if job.status == CANCELLED and not job.finals:
            return  # the worker may not have heard of it yet
        if job.excuses > 0:
            return  # of a run that began while the result of the one before was on its way
        self.count.late += 1
        self.count.name("late", job.id)

    # Time passes

    def expire_leases(self):
        now = time.monotonic()
        for job in list(self.running.values()):
            if now - job.listed_at > self.settings.lease_s:
                self._expire(job, now)

    def _expire(self, job, now):
        self.running.pop(job.id, None)
        job.retries += 1
        self.count.requeued += 1
        if not job.delivered:
            self.count.requeued_after_fault += 1
        elif job.taken_life != self.life:
            self.count.requeued_after_kill += 1
        elif now - max(self.last_ping.values(), default=0.0) > self.settings.lease_s:
            self.count.requeued_silent += 1  # the worker does not ping at all: dead, or kept from it
        else:
            self.count.dropped += 1  # it lives, it had the job, and it has forgotten it
            self.count.name("dropped", job.id)
        if self.settings.attempts_max and job.attempts >= self.settings.attempts_max:
            job.error, job.has_error = f"job timed out after {job.retries - 1} retries", True
            self._end(job, FAILED)
        else:
            self._enqueue(job)

    def _enqueue(self, job):
        job.status, job.queued_at = QUEUED, time.monotonic()
        self.queue[job.id] = job
        self._wake()

    def _wake(self):
        while self.takers and (self.queue or self.raw):
            turn = self.takers.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _end(self, job, status):
        self.running.pop(job.id, None)
        self.queue.pop(job.id, None)
        job.status, job.finished_at = status, time.monotonic()
        if not job.odd:
            self.count.ended[status] += 1
        self.on_final(job)


def to_bytes(jobs, batch):
    """The body of a take: one job is an object, a batch is an array."""
    out = [job.for_worker() for job in jobs]
    return json.dumps(out if batch else out[0], ensure_ascii=False).encode("utf-8", "surrogatepass")
