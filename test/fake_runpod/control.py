"""What a test talks to: /control/…

POST jobs            {"jobs": [{"id"?, "input", ...}, ...], "sync"?} or {"raw": value} or {"raw_base64": "..."}
                     -> {"ids": [...]}
GET  jobs/{id}       everything known of a job
POST details         {"ids": [...]} -> {"jobs": [the same of each]}
POST wait            {"until": CONDITION, "timeout_s"?: 30} -> {"came": bool, "stats": {...}}
POST faults          {"rules": [...], "replace"?: bool};  GET faults;  DELETE faults
GET  stats           the accounts
GET  exchanges       ?kind=&job=&since=NUMBER
POST settings        {"hold_s": 1, ...}
POST worker-started  a new life of the worker begins (after a kill -9)
POST expire          {"ids"?: [...]}: these leases, or all, end now

CONDITION: {"stat": "completed", "at_least": 3} · {"job": ID, "status": ["COMPLETED", ...]} · {"held": ID}
  · {"requests": "take", "at_least": 3} · {"quiet": true} (no job queued or in progress) · {"idle_takers": 1}
   · {"takers_at_most": 0}
  · {"chunks": ID, "at_least": 2} · {"open_at_most": 10} (jobs queued or in progress)
"""

import base64
import json
from urllib.parse import parse_qsl, unquote

from .client_api import status_of
from .job import FINAL
from .wire import Refused, json_answer, read_body, strict_json, until

CONTROL_BYTES_MAX = 200_000_000


def details(job):
    return {
        **status_of(job),
        "request": job.request,
        "attempts": job.attempts,
        "handed": job.handed,
        "named": job.named,
        "finals": len(job.finals),
        "stop_pod": job.stop_pod,
        "chunks": job.cleaned_chunks(),
        "faults": job.faults,
        "queued_at": job.queued_at,
        "taken_at": job.taken_at,
        "finished_at": job.finished_at,
    }


class Control:
    def __init__(self, platform):
        self.platform = platform

    async def answer(self, request):
        path, _, query = request.raw_path.partition("?")
        name, _, argument = path.removeprefix("/control/").partition("/")
        body, _ = await read_body(request, CONTROL_BYTES_MAX)
        try:
            data = strict_json(body) if body else {}
            handler = getattr(self, f"{request.method.lower()}_{name.replace('-', '_')}", None)
            if handler is None:
                raise Refused(404, f"there is no {request.method} /control/{name}")
            return json_answer(await handler(data, unquote(argument), dict(parse_qsl(query)))).response()
        except Refused as refused:
            return refused.answer.response()
        except (KeyError, TypeError, ValueError) as error:
            return json_answer({"error": f"{type(error).__name__}: {error}"}, 400).response()

    async def post_jobs(self, data, argument, query):
        jobs = self.platform.jobs
        if "raw" in data:
            jobs.add_raw(json.dumps(data["raw"], ensure_ascii=False).encode("utf-8", "surrogatepass"))
            return {"ids": []}
        if "raw_base64" in data:
            jobs.add_raw(base64.b64decode(data["raw_base64"]))
            return {"ids": []}
        made = []
        for request in data["jobs"]:
            id = request.pop("id", None)
            made.append(jobs.add(request, bool(data.get("sync")), id).id)
        return {"ids": made}

    async def get_jobs(self, data, argument, query):
        return details(self._job(argument))

    async def post_details(self, data, argument, query):
        return {"jobs": [details(self._job(id)) for id in data["ids"]]}

    async def post_wait(self, data, argument, query):
        condition = self._condition(data["until"])
        walk = "stat" in data["until"]  # looking at the stats costs a walk over all jobs
        step_s = 0.01 + (len(self.platform.jobs.by_id) / 50_000 if walk else 0.0)
        came = await until(condition, float(data.get("timeout_s", 30)), step_s)
        return {"came": came, "stats": self.platform.stats()}

    def _condition(self, wanted):
        jobs, at_least = self.platform.jobs, int(wanted.get("at_least", 1))
        if "stat" in wanted:
            if wanted["stat"] not in self.platform.stats():
                raise ValueError(f"there is no stat {wanted['stat']}")
            return lambda: self.platform.stats()[wanted["stat"]] >= at_least
        if "job" in wanted:
            job, statuses = self._job(wanted["job"]), wanted.get("status", FINAL)
            return lambda: job.status in statuses
        if "held" in wanted:
            job = self._job(wanted["held"])
            return lambda: job.id in jobs.running
        if "chunks" in wanted:
            job = self._job(wanted["chunks"])
            return lambda: len(job.chunks) >= at_least
        if "requests" in wanted:
            return lambda: self.platform.count.requests[wanted["requests"]] >= at_least
        if "idle_takers" in wanted:
            return lambda: len(jobs.takers) >= int(wanted["idle_takers"])
        if "open_at_most" in wanted:
            return lambda: len(jobs.queue) + len(jobs.running) <= int(wanted["open_at_most"])
        if "takers_at_most" in wanted:
            return lambda: len(jobs.takers) <= int(wanted["takers_at_most"])
        if "quiet" in wanted:
            return lambda: not jobs.queue and not jobs.running
        raise ValueError(f"no condition: {wanted}")

    def _job(self, id):
        job = self.platform.jobs.by_id.get(id)
        if job is None:
            raise Refused(404, f"there is no job {id}")
        return job

    async def post_faults(self, data, argument, query):
        if data.get("replace"):
            self.platform.faults.clear()
        self.platform.faults.add(data["rules"])
        return {"rules": [rule.as_json() for rule in self.platform.faults.rules]}

    async def get_faults(self, data, argument, query):
        return {"rules": [rule.as_json() for rule in self.platform.faults.rules]}

    async def delete_faults(self, data, argument, query):
        self.platform.faults.clear()
        return {"rules": []}

    async def get_stats(self, data, argument, query):
        return self.platform.stats()

    async def get_exchanges(self, data, argument, query):
        since = int(query.get("since", 0))
        return {"exchanges": self.platform.recorder.as_json(query.get("kind"), query.get("job"), since)}

    async def post_settings(self, data, argument, query):
        self.platform.settings.change(data)
        return vars(self.platform.settings)

    async def post_worker_started(self, data, argument, query):
        return {"life": self.platform.jobs.begin_life()}

    async def post_expire(self, data, argument, query):
        for job in list(self.platform.jobs.running.values()):
            if "ids" not in data or job.id in data["ids"]:
                job.listed_at = 0.0
        self.platform.jobs.expire_leases()
        return {}
