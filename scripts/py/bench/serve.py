"""The rows of scripts/bench about the server: against uvicorn and FastAPI doing the same, both on all cores."""

import base64
import json
import os
import re
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager

from bench.common import noisy_photo
from program import ROOT

SECONDS = 3  # of load for each side of a pair
CONNECTIONS = 32


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def running(command, port: int):
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts/py/bench")}
    process = subprocess.Popen([str(word) for word in command], env=environment, stderr=subprocess.DEVNULL)
    try:
        while True:
            assert process.poll() is None, f"{command[0]} has ended"
            try:
                urllib.request.urlopen(url + "/health", timeout=5).read()
                break
            except OSError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def ours(*options, program=ROOT / "build/release/scripted/vignette"):
    port = free_port()
    return running([program, "serve", "--port", port, "--log-level", "warning", *options], port)


def theirs():
    port = free_port()
    uvicorn = ROOT / "build/platform/bin/uvicorn"
    workers = os.cpu_count()
    words = ["fastapi_peer:app", "--port", port, "--workers", workers, "--log-level", "warning", "--no-access-log"]
    return running([uvicorn, *words], port)


def seconds_each(url: str, path: str, script=None) -> float:
    """Of one request, by wrk; every answer must be a 200."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *(["-s", script] if script else []), url + path]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said and "Socket errors" not in said, said
    return 1 / float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


def serve_health(pairs, folder):
    """GET /health on 32 connections, against uvicorn and FastAPI with a process for each core."""
    with ours() as our_url, theirs() as their_url:
        for _ in range(pairs):
            yield seconds_each(our_url, "/health"), seconds_each(their_url, "/health")


def serve_1mb(pairs, folder):
    """POST of a picture of 1 MB as base64 on 32 connections, read and answered without a model, against FastAPI."""
    noisy_photo(1600, 1200).save(folder / "photo.jpg", quality=92)
    picture = (folder / "photo.jpg").read_bytes()[:1_000_000]
    (folder / "body.json").write_text(json.dumps({"image_base64": base64.b64encode(picture).decode()}))
    script = folder / "post.lua"
    script.write_text(
        f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        f'wrk.body = io.open("{folder / "body.json"}", "rb"):read("*a")\n'
    )
    with ours() as our_url, theirs() as their_url:
        for _ in range(pairs):
            yield seconds_each(our_url, "/caption", script), seconds_each(their_url, "/caption", script)


def caption(url: str, picture: bytes, prompt: str) -> dict:
    fields = {"image_base64": base64.b64encode(picture).decode(), "prompt": prompt, "max_length": 8, "num_beams": 1}
    request = urllib.request.Request(url + "/caption", json.dumps(fields).encode())
    return json.load(urllib.request.urlopen(request, timeout=300))


def vision_cache(pairs, folder):
    """Eight prompts on a fresh photo of 12 MP, in turn: what the demo model saw kept, against a look each."""
    prompts = [f"a photo of {number}" for number in range(8)]
    whole = ROOT / "build/release/vignette"
    photo = noisy_photo(4000, 3000)

    def ask(url, picture):
        start = time.perf_counter()
        answers = [caption(url, picture, prompt) for prompt in prompts]
        return time.perf_counter() - start, answers

    with (
        ours("--cache-mib", 0, program=whole) as keeping,
        ours("--cache-mib", 0, "--vision-cache-mib", 0, program=whole) as forgetting,
    ):
        for quality in range(80, 80 + pairs):
            photo.save(folder / "photo.jpg", quality=quality)
            picture = (folder / "photo.jpg").read_bytes()
            kept, kept_answers = ask(keeping, picture)
            fresh, fresh_answers = ask(forgetting, picture)
            assert [one["caption"] for one in kept_answers] == [one["caption"] for one in fresh_answers]
            assert ["vision_cached" in one for one in kept_answers] == [False] + [True] * 7
            yield kept, fresh
