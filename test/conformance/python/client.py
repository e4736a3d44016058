"""The PyPI client behind the line protocol of clients.py. RUNPOD_ENDPOINT_BASE_URL is read when runpod is imported."""

import json
import os
import sys

import runpod

runpod.api_key = os.environ["API_KEY"]
NAME = os.environ["ENDPOINT"]
endpoint = runpod.Endpoint(NAME)


def job(job_id):
    return runpod.endpoint.Job(NAME, job_id, endpoint.rp_client)


OPERATIONS = {
    "run": lambda request: {"id": endpoint.run(request).job_id},
    "runsync": lambda request: {"output": endpoint.run_sync(request, timeout=60)},
    "status": lambda job_id: {"status": job(job_id).status()},
    "output": lambda job_id: job(job_id).output(timeout=60),
    "raw": lambda job_id: endpoint.rp_client.get(f"{NAME}/status/{job_id}"),  # the client shows no error text
    "stream": lambda job_id: list(job(job_id).stream()),
    "cancel": lambda job_id: job(job_id).cancel(),
    "health": lambda _: endpoint.health(),
    "purge": lambda _: endpoint.purge_queue(),
}

for line in sys.stdin:
    operation, argument = json.loads(line)
    try:
        answer = {"value": OPERATIONS[operation](argument)}
    except Exception as failure:  # any: the test tells which one it wanted
        answer = {"failure": f"{type(failure).__name__}: {failure}"}
    print(json.dumps(answer), flush=True)
