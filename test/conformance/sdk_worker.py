"""The real Python SDK worker. It answers each job with what the file ANSWERS holds for its id, so that its posts can be
compared with ours: {"<job id>": {"output": any, "failure": "text", "chunks": [any], "progress": [any]}}."""

import asyncio
import json
import os
import re
import time
from pathlib import Path

import runpod

ANSWERS = json.loads(Path(os.environ["ANSWERS"]).read_text())
CONCURRENCY = int(os.environ.get("VIGNETTE_CONCURRENCY", "1"))
STREAMS = os.environ.get("SDK_STREAMS") == "1"


async def wait_as_scripted(job):
    asked = re.search(r"sleep=(\d+)", str((job["input"] or {}).get("prompt")))
    await asyncio.sleep(int(asked[1]) / 1000 if asked else 0)


async def handler(job):
    answer = ANSWERS.get(job["id"], {})
    for update in answer.get("progress", []):
        runpod.serverless.progress_update(job, update)
        await asyncio.sleep(0.5)  # it is sent by a thread of its own, in no order with the result
    await wait_as_scripted(job)
    if "failure" in answer:
        raise RuntimeError(answer["failure"])
    return answer.get("output")


async def generator(job):
    answer = ANSWERS.get(job["id"], {})
    for chunk in answer.get("chunks", []):
        yield chunk
    await wait_as_scripted(job)
    if "failure" in answer:
        raise RuntimeError(answer["failure"])


time.sleep(int(os.environ.get("SCRIPTED_LOAD_MS", "0")) / 1000)  # as a module loads its model before it starts
runpod.serverless.start(
    {
        "handler": generator if STREAMS else handler,
        "return_aggregate_stream": True,
        "concurrency_modifier": lambda _: CONCURRENCY,
        "refresh_worker": os.environ.get("VIGNETTE_REFRESH_WORKER") == "1",
    }
)
