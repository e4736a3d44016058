"""A worker of RunPod's own SDK that does nothing, to measure `vignette worker` against. CONCURRENCY jobs at once."""

import os

import runpod

CONCURRENCY = int(os.environ.get("CONCURRENCY", "1"))


async def handler(job):
    return {"caption": "ok"}


runpod.serverless.start({"handler": handler, "concurrency_modifier": lambda current: CONCURRENCY})
