"""`vignette serve` over a bundle on the lab's device, and what the sections of scripts/bench-gpu ask it."""

import base64
import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import torch

from gpu.reference import PROMPT
from program import PROGRAM

AT_ONCE = 32
LOADED = re.compile(r"is loaded after ([\d.]+) s: (.+)")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Serving:
    """A context manager: the server is ready inside."""

    def __init__(self, lab, bundle, *options):
        self.lab, self.port = lab, free_port()
        self.log = lab.folder / f"serve-{self.port}.log"
        kept = [
            "--cache-mib",
            0,
            "--vision-cache-mib",
            0,
            "--concurrency",
            AT_ONCE,
            "--slots",
            AT_ONCE,
            "--queue-max",
            4 * AT_ONCE,
        ]
        command = [PROGRAM, "serve", "--port", self.port, "--model", bundle, "--embedder", "", "--device", lab.device]
        self.command = [str(word) for word in [*command, *kept, *options]]

    def __enter__(self):
        self.free_before = self.free()
        began = time.perf_counter()
        with self.log.open("w") as log:
            environment = {**os.environ, "VIGNETTE_LOG_LEVEL": "info"}
            self.process = subprocess.Popen(self.command, env=environment, stderr=log, stdout=log)
        try:
            self.wait_until_ready()
        except BaseException:
            self.process.kill()
            raise
        self.ready_after = time.perf_counter() - began
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise RuntimeError(f"{PROGRAM.name} did not end after SIGTERM") from None

    def wait_until_ready(self):
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"{PROGRAM.name} has ended: {self.log.read_text()[-1000:]}")
            try:
                if self.get("/readyz") == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path)
        return connection.getresponse().status

    def free(self):
        """Bytes of the GPU that nobody has; 0 in a dry run."""
        if self.lab.dry:
            return 0
        torch.cuda.empty_cache()
        return torch.cuda.mem_get_info()[0]

    def held(self):
        """Bytes of the GPU that the server has."""
        return self.free_before - self.free()

    def phases(self):
        """(seconds until the model was loaded, what they went to)"""
        loaded = LOADED.search(self.log.read_text())
        return float(loaded[1]), loaded[2]

    def ask(self, file, count):
        """The answer about a picture, in exactly so many new tokens."""
        answer = json.loads(self.post("/v2/bench/runsync", {"input": asked(file, count)}).read())
        if "caption" not in (answer.get("output") or {}):
            raise RuntimeError(f"no caption: {json.dumps(answer)[:500]}")
        return answer["output"]

    def ask_all(self, files, count, clients):
        with ThreadPoolExecutor(clients) as pool:
            return list(pool.map(lambda file: self.ask(file, count), files))

    def gaps(self, file, count):
        """Milliseconds between the pieces of one streamed caption."""
        events, times = self.post("/caption", {**asked(file, count), "stream": True}), []
        for line in events:
            if line.startswith(b'data: {"index":0,"text"'):
                times.append(time.perf_counter())
        return [(later - earlier) * 1e3 for earlier, later in itertools.pairwise(times)]

    def gaps_beside(self, file, count, joiners):
        """The same while others ask for a word about a picture, one after another."""
        over = threading.Event()

        def join():
            joined = 0
            while not over.is_set():
                self.ask(joiners[joined % len(joiners)], 1)
                joined += 1
            return joined

        with ThreadPoolExecutor(1) as pool:
            others = pool.submit(join)
            try:
                gaps = self.gaps(file, count)
            finally:
                over.set()
            return gaps, others.result()

    def post(self, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {answer.read()[:500]}")
        return answer


def asked(file, count):
    picture = "data:image/png;base64," + base64.b64encode(file.read_bytes()).decode()
    return {"data_url": picture, "prompt": PROMPT, "max_length": count, "min_length": count, "num_beams": 1}
