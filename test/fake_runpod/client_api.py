"""What a client talks to: /v2/{endpoint}/run and its siblings. Satisfies the Python, JavaScript and Go SDKs at once:
GET and POST on status, status-sync and stream; only 200 on success; every field always of one type."""

import time
from urllib.parse import parse_qsl, unquote

from .job import FAILED, FINAL, QUEUED, TIMED_OUT
from .wire import Refused, json_answer, read_body, strict_json, until

WAIT_MS = (1000, 300_000)
READING = ("GET", "POST")
OPERATIONS = {  # name: methods, whether a job's id follows
    "run": (("POST",), False),
    "runsync": (("POST",), False),
    "status": (READING, True),
    "status-sync": (READING, True),
    "stream": (READING, True),
    "cancel": (("POST",), True),
    "retry": (("POST",), True),
    "purge-queue": (("POST",), False),
    "health": (("GET",), False),
}


def operation(raw_path):
    """(name, id, query), or None where it is no path of a client."""
    path, _, query = raw_path.partition("?")
    parts = path.strip("/").split("/")
    if len(parts) < 3 or parts[0] != "v2" or parts[2] not in OPERATIONS:
        return None
    if OPERATIONS[parts[2]][1] != (len(parts) == 4) or len(parts) > 4:
        return None
    return parts[2], unquote(parts[3]) if len(parts) == 4 else None, dict(parse_qsl(query))


def milliseconds(seconds):
    return max(0, int(seconds * 1000))


def status_of(job):
    """Times are whole milliseconds; output, error and retries appear only where there is something."""
    now = time.monotonic()
    waited_until = job.taken_at if job.status != QUEUED and job.taken_at else now
    out = {"delayTime": milliseconds(waited_until - job.queued_at), "id": job.id, "status": job.status}
    if job.attempts:
        out["workerId"] = job.worker
        out["executionTime"] = milliseconds((job.finished_at if job.status in FINAL else now) - job.taken_at)
    if job.retries:
        out["retries"] = job.retries
    if job.status in FINAL and job.has_output:
        out["output"] = job.output
    elif job.status not in FINAL and job.progress is not None:
        out["output"] = job.progress
    if job.has_error:
        out["error"] = job.error
    return out


class ClientApi:
    def __init__(self, settings, jobs, worker_api):
        self.settings = settings
        self.jobs = jobs
        self.worker_api = worker_api

    async def answer(self, asked, request):
        try:
            return (await self._answer(asked, request)).response()
        except Refused as refused:
            return refused.answer.response()

    async def _answer(self, asked, request):
        name, id, query = asked
        self._check(name, request)
        if name in ("run", "runsync"):
            return await self._run(name, query, request)
        await read_body(request, 1_000_000)  # /cancel with {} and POST /status with nothing
        if name == "health":
            return json_answer(self._health())
        if name == "purge-queue":
            return json_answer({"removed": self.jobs.purge(), "status": "completed"})
        job = self.jobs.by_id.get(id)
        if job is None:
            raise Refused(404, "job not found")
        if name == "status":
            return json_answer(status_of(job))
        if name == "status-sync":
            return await self._finished(job, self._wait_s(query, 90.0))
        if name == "stream":
            return await self._stream(job, self._wait_s(query, self.settings.stream_hold_s))
        return self._cancel(job) if name == "cancel" else self._retry(job)

    def _check(self, name, request):
        if request.method not in OPERATIONS[name][0]:
            raise Refused(405, "method not allowed")
        given = request.headers.get("Authorization", "")
        if self.settings.key and given.removeprefix("Bearer ") != self.settings.key:
            raise Refused(401, "the key is wrong")

    def _wait_s(self, query, otherwise):
        if "wait" not in query:
            return otherwise
        low, high = WAIT_MS
        if not query["wait"].isdigit() or not low <= int(query["wait"]) <= high:
            raise Refused(400, f"wait is invalid; must be between {low} and {high}")
        return int(query["wait"]) / 1000

    async def _run(self, name, query, request):
        sync = name == "runsync"
        wait_s = self._wait_s(query, 90.0) if sync else 0.0
        limit = self.settings.runsync_bytes_max if sync else self.settings.run_bytes_max
        body, fits = await read_body(request, limit)
        if not fits:
            raise Refused(413, f"the request is larger than {limit} bytes")
        data = strict_json(body)
        if not isinstance(data, dict) or "input" not in data:
            raise Refused(400, "input is required")
        data.pop("id", None)
        job = self.jobs.add(data, sync)
        if not sync:
            return json_answer({"id": job.id, "status": job.status})
        return await self._finished(job, wait_s)

    async def _finished(self, job, wait_s):
        await until(lambda: job.status in FINAL, wait_s)
        return json_answer(status_of(job))

    async def _stream(self, job, wait_s):
        """Drains. An empty answer is held, and the last chunks come with the final status."""
        await until(lambda: job.unread or job.status in FINAL, wait_s)
        unread, job.unread = job.unread, []
        return json_answer({"status": job.status, "stream": [{"output": output} for output in unread]})

    def _cancel(self, job):
        if self.jobs.cancel(job):
            self.worker_api.stop(job)
        return json_answer({"id": job.id, "status": job.status})

    def _retry(self, job):
        if job.status not in (FAILED, TIMED_OUT):
            raise Refused(400, "only a failed or timed out job can be retried")
        self.jobs.retry(job)
        return json_answer({"id": job.id, "status": job.status})

    def _health(self):
        ended = self.jobs.count.ended
        return {
            "jobs": {
                "completed": ended["COMPLETED"],
                "failed": ended["FAILED"] + ended["TIMED_OUT"],
                "inProgress": len(self.jobs.running),
                "inQueue": len(self.jobs.queue),
                "retried": self.jobs.count.requeued,
            },
            "workers": self.worker_api.workers(),
        }
