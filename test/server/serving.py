"""`vignette serve` as a process of its own, on a port that was free a moment ago."""

import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / os.environ.get("VIGNETTE_SERVER_BUILD", "release")
SCRIPTED = BUILD / "scripted" / "vignette"  # beside a captioner without a model
WHOLE = BUILD / "vignette"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def get(url: str, key: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"} if key else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def wait_until_ready(url: str, process: subprocess.Popen, seconds: float = 60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, "the server has ended"
        try:
            if get(url + "/readyz")[0] == 200:
                return
        except OSError:
            pass  # not listening yet
        time.sleep(0.02)
    raise AssertionError("the server was not ready in time")


@contextmanager
def serving(program: Path, *options: str, environment: dict | None = None, health_port: int = 0):
    """The server's address, and its process as `.process`. With TLS among the options it needs a health port, to ask
    there whether it is ready."""
    port = free_port()
    options += ("--health-port", str(health_port))
    command = [program, "serve", "--port", str(port), *options]
    with tempfile.TemporaryFile() as log:  # no pipe: once that is full, the server waits for whoever does not read it
        process = subprocess.Popen(command, env={**os.environ, **(environment or {})}, cwd=ROOT, stderr=log)
        url = Served(f"{'https' if '--tls-key' in options else 'http'}://127.0.0.1:{port}")
        url.process = process
        url.log = log
        try:
            wait_until_ready(f"http://127.0.0.1:{health_port}" if health_port else url, process)
            yield url
        except AssertionError as failed:
            failed.add_note(url.logged()[-2000:])
            raise
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            finally:
                process.kill()


class Served(str):
    process: subprocess.Popen
    log: BinaryIO

    def logged(self) -> str:
        """What the server has said so far."""
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), size, 0).decode()
