"""The job API of the worker benchmarks: it hands out what was ordered, counts honestly, takes bodies as they come."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("FAST_PLATFORM", ROOT / "build/release/fast_platform"))


class Platform:
    def __init__(self, process):
        self.process = process
        self.port = json.loads(process.stdout.readline())["port"]

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, method, path, body=None, headers=None, connection=None):
        connection = connection or self.connect()
        connection.request(method, "/v2/bench" + path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def take(self, path="/job-take/w?job_in_progress=0"):
        return json.loads(self.ask("GET", path)[1])

    def done(self, job, body=b'{"output": 1}', **kwargs):
        return self.ask("POST", f"/job-done/w/{job}?isStream=false", body, **kwargs)[0]

    def figures(self):
        return json.loads(self.process.stdout.readline())


@contextlib.contextmanager
def platform(*order):
    process = subprocess.Popen([PROGRAM, *map(str, order)], stdout=subprocess.PIPE, text=True)
    try:
        yield Platform(process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_one_job_is_an_object_and_a_batch_a_list_of_no_more_than_there_are():
    with platform("--jobs", 3) as api:
        assert api.take() == {"id": "j0", "input": {"prompt": "text=ok", "image_base64": "aGk="}}
        batch = api.take("/job-take-batch/w?gpu=none&batch_size=9&job_in_progress=1")
        assert [job["id"] for job in batch] == ["j1", "j2"]


def test_a_picture_has_the_size_that_was_ordered():
    with platform("--jobs", 1, "--image-kb", 1024) as api:
        assert len(api.take()["input"]["image_base64"]) == 1024 * 1024


def test_the_figures_come_with_the_last_result_and_count_failures():
    with platform("--jobs", 2) as api:
        assert [api.take()["id"], api.take()["id"]] == ["j0", "j1"]
        assert api.done("j0") == 200
        assert api.done("j1", b'{"error": "no"}') == 200
        figures = api.figures()
        assert (figures["jobs"], figures["failed"]) == (2, 1)
        assert figures["jobs_per_s"] > 0
        assert 0 < figures["p50_ms"] <= figures["p99_ms"]


def test_a_result_counts_once_and_only_for_a_job_that_was_handed_out():
    with platform("--jobs", 2) as api:
        assert api.done("j0") == 404
        api.take()
        assert [api.done("j0"), api.done("j0"), api.done("j1"), api.done("other")] == [200, 200, 404, 404]
        api.take()
        assert api.done("j1") == 200
        assert api.figures()["jobs"] == 2


def test_a_question_without_a_job_is_held_until_all_is_done():
    with platform("--jobs", 1) as api:
        api.take()
        held = api.connect()
        held.request("GET", "/v2/bench/job-take/w")
        held.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            held.sock.recv(1)
        api.done("j0")
        held.sock.settimeout(30)
        assert held.sock.recv(100).startswith(b"HTTP/1.1 204 ")


def test_with_a_pause_jobs_still_all_come():
    with platform("--jobs", 5, "--pause-ms", 3) as api:
        for number in range(5):
            assert api.take()["id"] == f"j{number}"
            api.done(f"j{number}")
        assert api.figures()["jobs"] == 5


def test_bodies_come_in_chunks_or_large_or_byte_by_byte_on_one_connection():
    with platform("--jobs", 3) as api:
        api.take("/job-take-batch/w?batch_size=3")
        connection = api.connect()
        chunks = iter([b'{"out', b'put": ', b"1}"])  # http.client sends in chunks what has no length
        assert api.done("j0", chunks, connection=connection) == 200
        large = b'{"output": "%s"}' % (b"x" * (31 << 20))
        assert api.done("j1", large, connection=connection) == 200
        slow = b'POST /job-done/j2 HTTP/1.1\r\nContent-Length: 13\r\n\r\n{"output": 1}'
        for byte in slow:
            connection.sock.send(bytes([byte]))
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 200 ")
        assert api.figures()["failed"] == 0


def test_who_asks_whether_to_go_on_hears_yes_first():
    with platform("--jobs", 1) as api, socket.create_connection(("127.0.0.1", api.port), timeout=30) as line:
        api.take()
        line.sendall(b"POST /job-done/j0 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n")
        assert line.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b'{"output": 1}')
        assert line.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("words", [["--jobs"], ["--jobs", "0"], ["--jobs", "many"], ["--size", "3"]])
def test_a_wrong_order_is_wrong_usage(words):
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: " in done.stderr
