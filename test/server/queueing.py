"""A Redis of its own, gateways and workers: `vignette serve --gateway` and `vignette worker --queue`."""

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from asking import ask
from pictures import picture
from processes import Program, until
from serving import SCRIPTED, free_port, get

INHERITED = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}


class Redis:
    def __init__(self, folder: Path, *options: str, password: str = ""):
        self.port, self.folder, self.password = free_port(), folder, password
        self.options = ["--appendonly", "yes", "--dir", str(folder), *options]
        if password:
            self.options += ["--requirepass", password]
        self.start()

    @property
    def url(self):
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    def start(self):
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: self.answers(), "Redis")

    def answers(self):
        try:
            return self.ask("PING") == b"PONG"
        except OSError:
            return False

    def ask(self, *words):
        """One command; enough of Redis' protocol for numbers, lines and lists of texts."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            stream = connection.makefile("rwb")
            commands = [("AUTH", self.password), words] if self.password else [words]
            for command in commands:
                stream.write(b"*%d\r\n" % len(command))
                for word in command:
                    raw = word if isinstance(word, bytes) else str(word).encode()
                    stream.write(b"$%d\r\n%s\r\n" % (len(raw), raw))
                stream.flush()
                reply = self._read(stream)
            return reply

    def _read(self, stream):
        line = stream.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return stream.read(int(rest) + 2)[:-2] if rest != b"-1" else None
        if kind == b"*":
            return [self._read(stream) for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait(10)


class Machines:
    """Started when they are asked for; ended with the test."""

    def __init__(self, redis: Redis):
        self.redis, self.running = redis, []
        self.gate = redis.folder / "open"  # a job with `until={gate}` ends when this file is there

    def _start(self, *words, **environment):
        words = [SCRIPTED, *words, "--queue", self.redis.url]
        one = Program(words, {**INHERITED, **environment})
        self.running.append(one)
        return one

    def gateway(self, *options):
        port = free_port()
        one = self._start("serve", "--gateway", "--port", str(port), *options)
        one.url = f"http://127.0.0.1:{port}"
        until(lambda: any("ready;" in line for line in one.complaints), one.tail)
        return one

    def worker(self, *options, **environment):
        one = self._start("worker", *options, **environment)
        until(lambda: any("is ready for jobs" in line for line in one.complaints + one.lines), one.tail)
        return one

    def end(self):
        for one in self.running:
            one.process.send_signal(signal.SIGCONT)
            one.kill()


@contextmanager
def machines(folder: Path, *redis_options: str, password: str = ""):
    redis = Redis(folder, *redis_options, password=password)
    started = Machines(redis)
    try:
        yield started
    finally:
        started.end()
        redis.go_on()
        redis.kill()


def hand_in(gateway, prompt, **policy):
    status, answer = ask(f"{gateway.url}/v2/e/run", {"input": picture(prompt), **policy})
    assert status == 200, answer
    return answer["id"]


def end_at(gateway, job, seconds=60):
    """The job's last state, asked for again where a wait ends early."""
    end = time.monotonic() + seconds
    while True:
        status, answer = ask(f"{gateway.url}/v2/e/status-sync/{job}?wait=5000")
        if (status == 200 and answer["status"] not in ("IN_QUEUE", "IN_PROGRESS")) or time.monotonic() > end:
            return answer


def number(gateway, name):
    for line in get(gateway.url + "/metrics")[1].decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None
