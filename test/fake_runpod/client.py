"""FakeRunpod: starts the fake for a test and talks to it. Only the standard library, so any Python can import it."""

import base64
import importlib.util
import json
import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

TEST = Path(__file__).resolve().parents[1]
ENDPOINT = "fake-endpoint"


def python_with_aiohttp():
    if named := os.environ.get("FAKE_RUNPOD_PYTHON"):
        return named
    if importlib.util.find_spec("aiohttp"):
        return sys.executable
    return str(TEST.parent / "build" / "platform" / "bin" / "python")


class HttpError(Exception):
    def __init__(self, status, body):
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body


class FakeRunpod:
    """with FakeRunpod(hold=1, lease=2) as platform: ..."""

    def __init__(self, key="fake-key", hold=2.0, lease=3.0, attempts=0, record=True):
        self.key = key
        command = [python_with_aiohttp(), "-m", "fake_runpod", "--with-parent", "--key", key]
        command += ["--hold", str(hold), "--lease", str(lease), "--attempts", str(attempts)]
        if not record:
            command.append("--no-record")
        environment = {**os.environ, "PYTHONPATH": str(TEST), "PYTHONDONTWRITEBYTECODE": "1"}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the fake did not start: {' '.join(command)}")
        self.port = json.loads(line)["port"]
        self.base = f"http://127.0.0.1:{self.port}"
        self.endpoint_base = f"{self.base}/v2"  # RUNPOD_ENDPOINT_BASE_URL of the Python SDK, baseUrl of the others
        self.endpoint = f"{self.endpoint_base}/{ENDPOINT}"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def worker_env(self, worker="fake-worker", ping_ms=1000, base=None, templates="production"):
        """RunPod's variables as the platform sets them. templates="hub": the test bed's odd form without a query."""
        at = f"{base or self.base}/v2/{ENDPOINT}"
        query = "?gpu=FAKE+GPU" if templates == "production" else ""
        me = "$ID" if templates == "production" else "$RUNPOD_POD_ID"
        return {
            "RUNPOD_WEBHOOK_GET_JOB": f"{at}/job-take/{me}{query}",
            "RUNPOD_WEBHOOK_POST_OUTPUT": f"{at}/job-done/$RUNPOD_POD_ID/$ID{query}",
            "RUNPOD_WEBHOOK_POST_STREAM": f"{at}/job-stream/$RUNPOD_POD_ID/$ID{query}",
            "RUNPOD_WEBHOOK_PING": f"{at}/ping/$RUNPOD_POD_ID{query}",
            "RUNPOD_PING_INTERVAL": str(ping_ms),
            "RUNPOD_AI_API_KEY": self.key,
            "RUNPOD_POD_ID": worker,
            "RUNPOD_POD_HOSTNAME": f"{worker}-host",
            "RUNPOD_ENDPOINT_ID": ENDPOINT,
            "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
            "RUNPOD_SKIP_GPU_CHECK": "true",
        }

    # Tests

    def submit(self, input, id=None, **request):
        """Queues a job and returns its id. input=... is what the worker gets; request: webhook, policy, …"""
        job = {"input": input, **request}
        if id is not None:
            job["id"] = id
        return self.submit_many([job])[0]

    def submit_many(self, jobs):
        """Each is a request, {"input": ..., "id"?: ...}; also deliberately without input. Returns the ids."""
        return self.control("POST", "jobs", {"jobs": jobs})["ids"]

    def submit_raw(self, body):
        """The next take is answered with this: bytes as they are, anything else as JSON."""
        if isinstance(body, bytes):
            self.control("POST", "jobs", {"raw_base64": base64.b64encode(body).decode()})
        else:
            self.control("POST", "jobs", {"raw": body})

    def job(self, id):
        return self.control("GET", "jobs/" + urllib.parse.quote(id, safe=""))

    def details(self, ids):
        return self.control("POST", "details", {"ids": list(ids)})["jobs"]

    def wait(self, id, status=("COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"), timeout_s=30):
        """The job as soon as it has one of the states; TimeoutError otherwise."""
        status = [status] if isinstance(status, str) else list(status)
        self.wait_until({"job": id, "status": status}, timeout_s)
        return self.job(id)

    def wait_until(self, condition, timeout_s=30):
        """See control.py for conditions. Returns the stats; TimeoutError where it did not come true."""
        answer = self.control("POST", "wait", {"until": condition, "timeout_s": timeout_s}, timeout_s + 30)
        if not answer["came"]:
            raise TimeoutError(f"in {timeout_s} s not: {condition}; stats: {answer['stats']}")
        return answer["stats"]

    def faults(self, rules, replace=False):
        return self.control("POST", "faults", {"rules": rules, "replace": replace})["rules"]

    def active_faults(self):
        return self.control("GET", "faults")["rules"]

    def clear_faults(self):
        self.control("DELETE", "faults")

    def stats(self):
        return self.control("GET", "stats")

    def exchanges(self, kind=None, job=None, since=0):
        wanted = {"kind": kind, "job": job, "since": since or None}
        query = urllib.parse.urlencode({name: value for name, value in wanted.items() if value is not None})
        return self.control("GET", f"exchanges?{query}")["exchanges"]

    def settings(self, **values):
        return self.control("POST", "settings", values)

    def worker_started(self):
        """Say it before each start after a kill -9."""
        return self.control("POST", "worker-started")["life"]

    def expire(self, *ids):
        """The leases of these jobs, or of all, end now."""
        self.control("POST", "expire", {"ids": list(ids)} if ids else {})

    def control(self, method, path, data=None, timeout_s=60):
        return self._ask(method, f"{self.base}/control/{path}", data, timeout_s)

    # Clients of the endpoint

    def client(self, operation, data=None, method=None, timeout_s=120):
        """client("run", {"input": {}}), client("status/" + id), … HttpError where it is not 200."""
        reading = operation.split("/")[0].split("?")[0] in ("status", "status-sync", "stream", "health")
        return self._ask(method or ("GET" if reading else "POST"), f"{self.endpoint}/{operation}", data, timeout_s)

    def _ask(self, method, url, data, timeout_s):
        body = None if data is None else json.dumps(data).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with self.opener.open(request, timeout=timeout_s) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise HttpError(error.code, error.read().decode("utf-8", "replace")) from None
