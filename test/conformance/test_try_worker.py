"""What scripts/try-worker starts: its printed words are true."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

from places import ROOT


def test_the_printed_endpoint_answers_and_ctrl_c_ends_it():
    command = [sys.executable, "-m", "fake_runpod.try_worker", str(ROOT / "build/release/vignette"), "worker"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "test"), "VIGNETTE_MODELS": str(ROOT / "models")}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    try:
        printed = "".join(process.stdout.readline() for _ in range(8))
        url, key = re.search(r"export RUNPOD_URL=(\S+) RUNPOD_API_KEY=(\S+)", printed).groups()
        event = (ROOT / "test/events/scene-1.json").read_bytes()
        request = urllib.request.Request(f"{url}/runsync", event, {"Authorization": f"Bearer {key}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert json.load(answer)["output"]["caption"].startswith("three green stars")
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        assert process.wait(30) == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()
