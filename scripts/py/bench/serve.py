"""The rows of scripts/bench about the server: against uvicorn and FastAPI, or llama.cpp's server, doing the same.

A server has one core and wrk another, on both sides: where they share, a server that leaves wrk no time seems slow.
"""

import base64
import functools
import json
import os
import re
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from bench.common import noisy_photo, timed
from program import ROOT

SECONDS = 3  # of load for each side of a pair
CONNECTIONS = 32


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def on_core(core: int):
    """For subprocess: the process keeps to a core, where there is one for it."""
    cores = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cores[core]} if core < len(cores) else cores)


@contextmanager
def running(command, port: int, setup=None):
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts/py/bench")}
    process = subprocess.Popen(
        [str(word) for word in command], env=environment, stderr=subprocess.DEVNULL, preexec_fn=setup
    )
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


def ours(program="scripted/vignette", *options, setup=None):
    port = free_port()
    command = [ROOT / "build/release" / program, "serve", "--port", port, "--log-level", "warning", *options]
    return running(command, port, setup)


def theirs():
    port = free_port()
    uvicorn = ROOT / "build/platform/bin/uvicorn"
    words = ["fastapi_peer:app", "--port", port, "--log-level", "warning", "--no-access-log"]
    return running([uvicorn, *words], port, on_core(0))


def seconds_each(url: str, path: str, script=None) -> float:
    """Of one request, by wrk; every answer must be a 200."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *(["-s", script] if script else []), url + path]
    said = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=on_core(1)).stdout
    assert "Non-2xx" not in said and "Socket errors" not in said, said
    return 1 / float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


def serve_health(pairs, folder):
    """GET /health on 32 connections, against uvicorn and FastAPI, each on one core."""
    with ours(setup=on_core(0)) as our_url, theirs() as their_url:
        for _ in range(pairs):
            yield seconds_each(our_url, "/health"), seconds_each(their_url, "/health")


def posting(file: Path, body) -> Path:
    """A script for wrk that posts this JSON."""
    fields = 'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
    file.write_text(f"{fields}wrk.body = [[{json.dumps(body)}]]\n")
    return file


def serve_1mb(pairs, folder):
    """POST of a picture of 1 MB as base64 on 32 connections, read and answered without a model, against FastAPI."""
    noisy_photo(1600, 1200).save(folder / "photo.jpg", quality=92)
    picture = (folder / "photo.jpg").read_bytes()[:1_000_000]
    script = posting(folder / "post.lua", {"image_base64": base64.b64encode(picture).decode()})
    with ours(setup=on_core(0)) as our_url, theirs() as their_url:
        for _ in range(pairs):
            yield seconds_each(our_url, "/caption", script), seconds_each(their_url, "/caption", script)


def llama(folder):
    port = free_port()
    script = ROOT / "scripts/py/bench/llama_peer.py"
    return running([ROOT / "build/peers/bin/python", script, folder, port], port, on_core(0))


def serve_chat(pairs, folder):
    """POST of a chat to /v1/chat/completions, against llama.cpp's server; ours has a tiny picture to read, too."""
    question = {"type": "text", "text": "What is in this picture?"}
    noisy_photo(200, 200).resize((16, 16)).save(folder / "dot.png")
    url = "data:image/png;base64," + base64.b64encode((folder / "dot.png").read_bytes()).decode()
    picture = {"type": "image_url", "image_url": {"url": url}}
    path = "/v1/chat/completions"

    def chat(*content):
        return {"messages": [{"role": "user", "content": content}], "max_tokens": 1}

    with_picture = posting(folder / "ours.lua", chat(question, picture))
    without = posting(folder / "theirs.lua", chat(question))
    with ours(setup=on_core(0)) as our_url, llama(folder) as their_url:
        for _ in range(pairs):
            yield seconds_each(our_url, path, with_picture), seconds_each(their_url, path, without)


@functools.cache
def base_bundle():
    """(bundle, its folder), made once for both rows that ask it."""
    from big_models.blip2 import make_base_bundle

    folder = tempfile.TemporaryDirectory()
    return make_base_bundle(folder.name), folder


def cache_hit(pairs, folder):
    """The same job again (a 12-megapixel photo of 2 MB to a BLIP-2 of 0.25 billion weights) against the first time."""
    noisy_photo(4000, 3000).save(folder / "photo.jpg", quality=80)
    photo = base64.b64encode((folder / "photo.jpg").read_bytes()).decode()
    model = ("--model", base_bundle()[0])
    with ours("vignette", *model, "--vision-cache-mib", 0) as url:

        def ask(number: int):
            job = {"image_base64": photo, "prompt": f"photo {number}", "max_length": 32, "min_length": 32}
            request = urllib.request.Request(url + "/caption", json.dumps(job).encode())
            seconds, answer = timed(lambda: urllib.request.urlopen(request, timeout=300).read())
            return seconds, json.loads(answer)

        ask(0)  # the first job of all waits for the model and makes it warm
        for number in range(1, pairs + 1):
            first, made = ask(number)
            assert not made.get("cached")
            again = [ask(number) for _ in range(3)]
            assert all(answer["cached"] and answer["caption"] == made["caption"] for _, answer in again)
            yield statistics.median(seconds for seconds, _ in again), first


def caption(url: str, picture: bytes, prompt: str) -> dict:
    fields = {"image_base64": base64.b64encode(picture).decode(), "prompt": prompt, "max_length": 8, "num_beams": 1}
    request = urllib.request.Request(url + "/caption", json.dumps(fields).encode())
    return json.load(urllib.request.urlopen(request, timeout=300))


def vision_cache(pairs, folder):
    """Eight prompts on a fresh photo of 12 MP to the same model: what it saw kept, against a look each."""
    prompts = [f"a photo of {number}" for number in range(8)]
    photo = noisy_photo(4000, 3000)
    model = ("--model", base_bundle()[0])

    def ask(url, picture):
        start = time.perf_counter()
        answers = [caption(url, picture, prompt) for prompt in prompts]
        return time.perf_counter() - start, answers

    with (
        ours("vignette", *model, "--cache-mib", 0) as keeping,
        ours("vignette", *model, "--cache-mib", 0, "--vision-cache-mib", 0) as forgetting,
    ):
        for url in (keeping, forgetting):  # the first job waits for the model
            caption(url, (ROOT / "test/events/scene-1.png").read_bytes(), "a photo")
        for quality in range(80, 80 + pairs):
            photo.save(folder / "photo.jpg", quality=quality)
            picture = (folder / "photo.jpg").read_bytes()
            kept, kept_answers = ask(keeping, picture)
            fresh, fresh_answers = ask(forgetting, picture)
            assert [one["caption"] for one in kept_answers] == [one["caption"] for one in fresh_answers]
            assert ["vision_cached" in one for one in kept_answers] == [False] + [True] * 7
            yield kept, fresh
