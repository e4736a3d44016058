"""`vignette serve` as a process of its own, and what the system knows of it."""

import os
import re
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from program import ROOT

WHOLE = ROOT / "build/release/vignette"
SCRIPTED = ROOT / "build/release/scripted/vignette"  # beside a captioner without a model


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start(program: Path, port: int, *options, **environment) -> subprocess.Popen:
    command = [str(program), "serve", "--port", str(port), "--log-level", "error", *map(str, options)]
    environment = {**os.environ, **{name: str(value) for name, value in environment.items()}}
    return subprocess.Popen(command, env=environment, cwd=ROOT)


def status_of(port: int, path: str) -> int:
    """0: nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            return int(one.recv(4096).split(b" ", 2)[1])
    except (OSError, IndexError):
        return 0


@contextmanager
def serving(program: Path, *options, **environment):
    """(port, process), once it is ready."""
    port = free_port()
    process = start(program, port, *options, **environment)
    try:
        while status_of(port, "/readyz") != 200:
            if process.poll() is not None:
                raise SystemExit(f"{program} serve has ended")
            time.sleep(0.01)
        yield port, process
    finally:
        process.terminate()
        try:
            process.wait(timeout=40)
        finally:
            process.kill()


def memory_mb(process: subprocess.Popen) -> float:
    text = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


def cpu_seconds(process: subprocess.Popen) -> float:
    """Of all its threads, to the nanosecond: what is left of a time if others use the machine, too."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in tasks) / 1e9
