"""python -m fake_runpod.try_worker WORKER…: the fake platform and a worker for it, until Ctrl-C."""

import os
import subprocess
import sys

from .client import FakeRunpod

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

INSTRUCTIONS = """
An endpoint as RunPod's clients know it; the worker behind it logs below. Ask it from another terminal:

  export RUNPOD_URL={url} RUNPOD_API_KEY={key}
  curl -sS $RUNPOD_URL/runsync -H "Authorization: Bearer $RUNPOD_API_KEY" -d @{root}/test/events/scene-1.json
  curl -sS $RUNPOD_URL/health -H "Authorization: Bearer $RUNPOD_API_KEY"

examples/nextjs: RUNPOD_BASE_URL={base} RUNPOD_ENDPOINT_ID={endpoint}
Ctrl-C ends both.
"""


def main(worker):
    with FakeRunpod(hold=10) as platform:
        base, endpoint = platform.endpoint.rsplit("/", 1)
        print(
            INSTRUCTIONS.format(url=platform.endpoint, key=platform.key, root=ROOT, base=base, endpoint=endpoint),
            flush=True,
        )
        environment = {**os.environ, **platform.worker_env()}
        del environment["RUNPOD_ENDPOINT_ID"]  # logs for people
        process = subprocess.Popen(worker, env=environment)
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # the worker has heard it too, and ends when it is done
                continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
