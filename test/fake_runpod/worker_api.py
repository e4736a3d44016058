"""What a worker talks to: job-take, job-take-batch, job-done, job-stream, ping and job-stop."""

import asyncio
import time
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import parse_qsl, unquote

from . import rubbish
from .faults import NO_ANSWER
from .job import FINAL
from .jobs import to_bytes
from .wire import Answer, Refused, gone, json_answer, read_body, reset, send_half, send_oddly, send_slowly, strict_json

PATHS = {
    "job-take": "take",
    "job-take-batch": "take-batch",
    "job-done": "done",
    "job-stream": "stream",
    "ping": "ping",
    "job-stop": "stop",
}
POSTS = ("done", "stream")


@dataclass
class Call:
    kind: str
    worker: str
    job: str
    query: dict


def parse(raw_path):
    """None where it is no path of a worker. A template without a query puts `&name=value` into the path."""
    path, mark, query = raw_path.partition("?")
    if not mark:
        path, _, query = path.partition("&")
    parts = path.strip("/").split("/")
    if len(parts) < 4 or parts[0] != "v2" or parts[2] not in PATHS:
        return None
    job = unquote(parts[4]) if len(parts) > 4 else None
    return Call(PATHS[parts[2]], unquote(parts[3]), job, dict(parse_qsl(query, keep_blank_values=True)))


def sent_elsewhere(status, path):
    return Answer(status, headers={"Location": path})


def refusal(fault, path):
    """Instead of the work."""
    status = int(fault.number)
    if fault.do.startswith("redirect"):
        mark = "&elsewhere=loop" if fault.do == "redirect-loop" else "&elsewhere=once"
        return sent_elsewhere(status, path + mark)
    answer = json_answer({"error": "a fault of the fake"}, status)
    if fault.do == "retry-date":
        answer.headers["Retry-After"] = formatdate(time.time() + 1, usegmt=True)
    return answer


class WorkerApi:
    def __init__(self, settings, jobs, faults, recorder, count):
        self.settings = settings
        self.jobs = jobs
        self.faults = faults
        self.recorder = recorder
        self.count = count
        self.stops = {}  # by worker: ids of cancelled jobs that it still holds
        self.unhealthy = []  # what failed fitness checks have reported
        self.seen = {}  # by worker: when it last asked for anything

    async def answer(self, call, request):
        self.count.requests[call.kind] += 1
        self.seen[call.worker] = time.monotonic()
        exchange = self.recorder.begin(call.kind, call.worker, call.job, request)
        outcome = "gone"
        fault = None
        try:
            fault = self.faults.draw(call.kind, call.job)
            if fault and call.job in self.jobs.by_id:
                self.jobs.by_id[call.job].faults.append(f"{call.kind} {fault.text}")
            outcome, response = await self._answer(call, request, exchange, fault)
            return response
        finally:
            self.recorder.end(exchange, outcome, fault and fault.text)

    async def _answer(self, call, request, exchange, fault):
        do = fault.do if fault else None
        if do == "reset":
            reset(request)
            return "reset", Answer().response()
        if do == "hang":
            await asyncio.sleep(fault.number)
        body, fits = await self._body(call, request, exchange, fault)
        if do in ("status", "retry-date", "redirect", "redirect-loop"):
            answer = refusal(fault, request.raw_path)
            return answer.status, answer.response()
        if call.query.get("elsewhere") == "loop":
            answer = sent_elsewhere(307, request.raw_path)
            return answer.status, answer.response()
        try:
            self._check(call, request, fits)
            answer, acknowledge = await self._work(call, request, body, fault)
        except Refused as refused:
            self.count.refused[f"{call.kind} {refused.answer.status}"] += 1
            return refused.answer.status, refused.answer.response()
        return await self._send(request, answer, acknowledge, fault)

    async def _body(self, call, request, exchange, fault):
        if call.kind not in POSTS:
            return b"", True
        limit = self.settings.done_bytes_max if call.kind == "done" else self.settings.chunk_bytes_max
        rate = fault.number if fault and fault.do == "slow-read" else None
        body, fits = await read_body(request, limit, rate)
        self.recorder.body(exchange, body)
        return body, fits

    def _check(self, call, request, fits):
        if self.settings.key and request.headers.get("Authorization") != self.settings.key:
            raise Refused(401, "the key must be in Authorization, as it is")
        wanted = "POST" if call.kind in POSTS else "GET"
        if request.method != wanted:
            raise Refused(405, f"this is asked with {wanted}")
        if not fits:
            raise Refused(413, "the body is too large")

    async def _work(self, call, request, body, fault):
        """The answer, and what to call when the worker has been told."""
        if call.kind in ("take", "take-batch"):
            return await self._take(call, request, fault)
        if call.kind == "done":
            return self._done(call, body)
        if call.kind == "stream":
            return self._stream(call, body)
        if call.kind == "ping":
            return self._ping(call), None
        return await self._stop(call, request), None

    async def _send(self, request, answer, acknowledge, fault):
        do = fault.do if fault else None
        if do == "reset-after":
            reset(request)
            return do, Answer().response()
        if do == "truncate":
            send_half(request, answer)
            return do, Answer().response()
        if do in ("chunked", "gzip", "http-1.0"):
            send_oddly(request, answer, do)
            if acknowledge:
                acknowledge()
            return answer.status, Answer().response()
        if do == "hang-after":
            await asyncio.sleep(fault.number)
        if do == "slow-write" and answer.body:
            response = await send_slowly(request, answer, fault.number)
        else:
            response = rubbish.spoilt(answer, do).response()
        if acknowledge:
            acknowledge()
        return answer.status, response

    # Takes

    async def _take(self, call, request, fault):
        do = fault.do if fault else None
        batch = call.kind == "take-batch"
        if do == "duplicate-job":
            held = [job for job in self.jobs.running.values() if job.delivered]
            if held:
                self.jobs.handed(held[0])
                return Answer(body=to_bytes(held[:1], batch)), None
            self.faults.give_back(fault)
        elif made := rubbish.for_take(do, batch, self.jobs):
            return made, None
        most = max(1, int(call.query.get("batch_size", 1))) if batch else 1
        taken = await self.jobs.take(most, self.settings.hold_s)
        if isinstance(taken, bytes):
            return Answer(body=taken), None
        if taken and gone(request):
            self.jobs.put_back(taken)
            taken = []
        if not taken:
            if do in NO_ANSWER:
                self.faults.give_back(fault)
            return Answer(204), None
        for job in taken:
            self.jobs.hand_out(job, call.worker)
        answer = Answer(body=to_bytes(taken, batch))
        spoilt = do in NO_ANSWER or rubbish.spoilt(answer, do) is not answer
        return answer, None if spoilt else lambda: self.jobs.delivered(taken)

    # Posts

    def _job(self, call):
        job = self.jobs.by_id.get(call.job)
        if job is None:
            raise Refused(404, "there is no such job")
        return job

    def _done(self, call, body):
        result = strict_json(body)
        job = self._job(call)
        if not isinstance(result, dict):
            raise Refused(400, "a result is a JSON object")
        if result.get("status") == "IN_PROGRESS":
            self.jobs.add_progress(job, result.get("output"))
            return json_answer({}), None
        if result.get("stopPod") is True:
            self.count.stop_pod += 1
        final = self.jobs.finish(job, result, body)
        return json_answer({}), lambda: setattr(final, "acknowledged", True)

    def _stream(self, call, body):
        chunk = strict_json(body)
        job = self._job(call)
        if not isinstance(chunk, dict) or "output" not in chunk:
            raise Refused(400, "a chunk is a JSON object with an output")
        added = self.jobs.add_chunk(job, chunk["output"], body)
        return json_answer({}), lambda: setattr(added, "acknowledged", True)

    # Heartbeat and stop

    def _ping(self, call):
        if "status" in call.query:
            self.unhealthy.append({"worker": call.worker, **call.query})
        ids = [id for id in call.query.get("job_id", "").split(",") if id]
        self.jobs.listed(call.worker, ids)
        return json_answer({})

    def stop(self, job):
        self.stops.setdefault(job.worker, []).append(job.id)

    async def _stop(self, call, request):
        end = time.monotonic() + self.settings.hold_s
        while not self.stops.get(call.worker):
            if time.monotonic() >= end:
                return Answer(204)
            await asyncio.sleep(0.02)
        if gone(request):
            return Answer(204)
        return json_answer({"jobsToStop": self.stops.pop(call.worker)})

    # For /health

    def workers(self):
        recently = time.monotonic() - max(10.0, 2 * self.settings.hold_s)
        alive = {worker for worker, when in self.seen.items() if when > recently}
        busy = {job.worker for job in self.jobs.running.values() if job.status not in FINAL} & alive
        bad = {report["worker"] for report in self.unhealthy} & alive
        return {
            "idle": len(alive - busy - bad),
            "initializing": 0,
            "ready": len(alive - bad),
            "running": len(busy),
            "throttled": 0,
            "unhealthy": len(bad),
        }
