"""The PyPI client's asyncio half, behind the line protocol of conformance/clients.py."""

import asyncio
import json
import os
import sys

import runpod
from runpod import AsyncioEndpoint, AsyncioJob, http_client

runpod.api_key = os.environ["API_KEY"]
NAME = os.environ["ENDPOINT"]


async def serve(session):
    endpoint = AsyncioEndpoint(NAME, session)

    def job(job_id):
        return AsyncioJob(NAME, job_id, session, endpoint.headers)

    async def run(request):
        return {"id": (await endpoint.run(request["input"])).job_id}

    async def runsync(request):  # the SDK has none: what its users write instead
        return {"output": await (await endpoint.run(request["input"])).output(timeout=60)}

    async def status(job_id):
        return {"status": await job(job_id).status()}

    async def raw(job_id):
        return await job(job_id)._fetch_job()

    async def stream(job_id):
        return [item async for item in job(job_id).stream()]

    operations = {
        "run": run,
        "runsync": runsync,
        "status": status,
        "raw": raw,
        "output": lambda job_id: job(job_id).output(timeout=60),
        "stream": stream,
        "cancel": lambda job_id: job(job_id).cancel(),
        "health": lambda _: endpoint.health(),
        "purge": lambda _: endpoint.purge_queue(),
    }
    for line in sys.stdin:
        operation, argument = json.loads(line)
        try:
            answer = {"value": await operations[operation](argument)}
        except Exception as failure:  # any: the test tells which one it wanted
            answer = {"failure": f"{type(failure).__name__}: {failure}"}
        print(json.dumps(answer), flush=True)


async def main():
    async with http_client.AsyncClientSession() as session:
        await serve(session)


asyncio.run(main())
