"""Jobs of RunPod's API in a file: `vignette serve --queue sqlite:FILE`, killed and started again."""

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time

import pytest

from asking import ask, end_of
from pictures import picture
from processes import Program, until
from serving import SCRIPTED, free_port, get
from test_webhooks import Listener

INHERITED = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}


class Server(Program):
    def __init__(self, file, *options, ready=True, **environment):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [SCRIPTED, "serve", "--port", port, "--queue", f"sqlite:{file}", *options]
        super().__init__(command, {**INHERITED, **environment})
        mark = "ready;" if ready else "listening"
        until(lambda: not self.alive or any(mark in line for line in self.complaints), self.tail)
        assert self.alive, self.tail()

    def run(self, job_input, **more):
        status, answer = ask(f"{self.url}/v2/e/run", {"input": job_input, **more})
        assert status == 200, answer
        return answer["id"]

    def status(self, job):
        return ask(f"{self.url}/v2/e/status/{job}")[1]


@pytest.fixture
def start(tmp_path):
    started = []

    def one(*options, file=tmp_path / "jobs.db", **more):
        started.append(Server(file, *options, **more))
        return started[-1]

    yield one
    for server in started:
        server.kill()


def refuses(file, *options):
    one = Program([SCRIPTED, "serve", "--port", free_port(), "--queue", file, *options], INHERITED)
    try:
        return one.wait(), one.tail()
    finally:
        one.kill()


def test_what_waited_ran_and_had_ended_is_there_after_a_kill(start, tmp_path):
    gate = tmp_path / "open"
    first = start("--concurrency", "1", "--queue-max", "50")
    ended = first.run(picture("text=ended"))
    known = end_of(first.url, ended)
    failed = first.run(picture("fail=model_failed"))
    why = end_of(first.url, failed)["error"]
    running = first.run(picture(f"until={gate};text=was running"))
    until(lambda: first.status(running)["status"] == "IN_PROGRESS", "a job that runs")
    waiting = [first.run(picture(f"text=waited {i}")) for i in range(10)]
    cancelled = first.run(picture("text=never"))
    ask(f"{first.url}/v2/e/cancel/{cancelled}", {})
    first.kill()

    gate.touch()
    second = start(ready=False, SCRIPTED_LOAD_MS="1000")
    assert second.status(ended) == known
    assert second.status(failed)["error"] == why
    assert second.status(cancelled)["status"] == "CANCELLED"
    assert second.status(running)["status"] == "IN_QUEUE"
    for i, job in enumerate(waiting):
        end = end_of(second.url, job)
        assert end["output"]["caption"] == f"waited {i}" and "retries" not in end
    end = end_of(second.url, running)
    assert end["output"]["caption"] == "was running" and end["retries"] == 1
    counts = ask(f"{second.url}/v2/e/health")[1]["jobs"]
    assert counts == {"completed": 12, "failed": 2, "inProgress": 0, "inQueue": 0, "retried": 1}
    log = "\n".join(second.complaints)
    assert log.count("job_done") == 11  # each once, and the one that had ended not at all


def test_a_server_that_is_stopped_leaves_what_it_could_not_do(start, tmp_path):
    held = f"until={tmp_path / 'open'}"
    first = start("--grace-s", "1")
    job = first.run(picture(f"{held};text=later"))
    sync = []
    thread = threading.Thread(
        target=lambda: sync.append(ask(f"{first.url}/v2/e/runsync", {"input": picture(f"{held};text=sync")}))
    )
    thread.start()
    until(lambda: ask(f"{first.url}/v2/e/health")[1]["jobs"]["inProgress"] == 2, "jobs that run")
    first.ask_to_end()
    assert first.wait() == 0
    thread.join()
    status, answer = sync[0]
    assert status == 200 and answer["status"] == "IN_QUEUE"
    second = start()
    assert second.status(answer["id"])["status"] in ("IN_QUEUE", "IN_PROGRESS")
    (tmp_path / "open").touch()
    assert end_of(second.url, job)["output"]["caption"] == "later"
    assert end_of(second.url, answer["id"])["output"]["caption"] == "sync"


def test_a_webhook_is_posted_by_the_next_server(start):
    listener = Listener()
    try:
        listener.statuses = [500] * 100
        first = start("--allow-private-urls")
        job_input = picture("text=a cat")
        job = first.run(job_input, webhook=f"{listener.url}/hook")
        until(lambda: listener.told, "the first try")
        first.kill()
        listener.statuses, listener.told = [], []
        second = start("--allow-private-urls")
        until(lambda: listener.told, "the webhook")
        assert listener.told[0][2] == {**second.status(job), "input": job_input, "webhook": f"{listener.url}/hook"}
        until(lambda: any("webhook_done" in line for line in second.complaints), "its end")
        second.ask_to_end()
        assert second.wait() == 0
        third = start("--allow-private-urls")
        assert third.status(job)["status"] == "COMPLETED"
        assert len(listener.told) == 1
    finally:
        listener.server.shutdown()


def test_a_job_that_ends_the_server_three_times_is_given_up(start):
    server = start(ready=False, SCRIPTED_LOAD_MS="500")
    job = server.run(picture("crash"))
    deaths = 0
    while server.status(job)["status"] != "FAILED":
        assert server.wait() != 0
        deaths += 1
        server = start(ready=False, SCRIPTED_LOAD_MS="300")
    # The first may end the process before it was on the disk that the job had begun.
    assert deaths in (3, 4)
    assert "3 times while this job was running" in server.status(job)["error"]
    assert end_of(server.url, server.run(picture("text=fine")))["output"]["caption"] == "fine"


def test_a_time_to_live_passes_while_nobody_serves(start, tmp_path):
    first = start("--concurrency", "1")
    first.run(picture("sleep=60000"))
    job = first.run(picture(), policy={"ttl": 10_000})
    first.kill()
    with contextlib.closing(sqlite3.connect(tmp_path / "jobs.db")) as file:
        file.execute("UPDATE jobs SET expires = expires - 10000000000")
        file.commit()
    second = start("--concurrency", "1")
    assert ask(f"{second.url}/v2/e/status/{job}")[0] == 404


def test_killed_at_any_moment_it_loses_nothing_it_accepted(start):
    chance = random.Random(14)
    accepted = {}
    for round_number in range(4):
        server = start("--concurrency", "2", "--queue-max", "100000")
        stop = threading.Event()

        def submit(number, url=server.url, stop=stop, round_number=round_number):
            count = 0
            while not stop.is_set():
                text = f"job {round_number} {number} {count}"
                count += 1
                try:
                    status, answer = ask(f"{url}/v2/e/run", {"input": picture(f"text={text}")}, timeout_s=10)
                except OSError:
                    return
                except Exception:  # an answer that broke off
                    return
                assert status in (200, 429)
                if status == 200:
                    accepted[answer["id"]] = text

        threads = [threading.Thread(target=submit, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        stop.wait(chance.uniform(0.05, 0.4))
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
    last = start("--queue-max", "100000")
    assert accepted
    for job, text in accepted.items():
        assert end_of(last.url, job)["output"]["caption"] == text


@pytest.mark.parametrize("queue", ["redis", "sqlite:", "jobs.db", "postgres://x/y"])
def test_what_names_no_queue_is_a_usage_error(queue):
    code, said = refuses(queue)
    assert code == 2 and "--queue" in said and "sqlite:" in said


def test_a_file_that_cannot_be_used_is_a_usage_error(start, tmp_path):
    (tmp_path / "text").write_text("no database " * 1000)
    code, said = refuses(f"sqlite:{tmp_path}/text")
    assert code == 2 and "not an SQLite database" in said
    code, said = refuses(f"sqlite:{tmp_path}/nowhere/jobs.db")
    assert code == 2 and "its folder must exist" in said
    one = start()
    one.run(picture())
    code, said = refuses(f"sqlite:{tmp_path}/jobs.db")
    assert code == 2 and "another process is using it" in said
    one.ask_to_end()
    assert one.wait() == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "jobs.db")) as file:
        file.execute("PRAGMA user_version = 9")
    code, said = refuses(f"sqlite:{tmp_path}/jobs.db")
    assert code == 2 and "newer version of Vignette" in said
    whole = (tmp_path / "jobs.db").read_bytes()
    (tmp_path / "jobs.db").write_bytes(whole[:4096] + b"\x7f" * (len(whole) - 4096))
    code, said = refuses(f"sqlite:{tmp_path}/jobs.db")
    assert code == 2 and said


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 4 MiB, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a file system; the ledger's unit test limits the size of files instead")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_on_a_full_disk_jobs_are_refused_and_nothing_is_lost(start, small_disk):
    server = start(file=small_disk / "jobs.db")
    kept = server.run(picture("text=kept"))
    assert end_of(server.url, kept)["status"] == "COMPLETED"
    filler = small_disk / "filler"
    with contextlib.suppress(OSError):
        filler.write_bytes(bytes(8 << 20))
    assert shutil.disk_usage(small_disk).free == 0
    job = {"input": picture("text=large", note="x" * 500_000)}
    status, answer = ask(f"{server.url}/v2/e/run", job)
    assert status == 503 and "not accepted" in answer["error"] and "disk" in answer["error"]
    assert get(server.url + "/ping")[0] == 200
    assert server.status(kept)["output"]["caption"] == "kept"
    assert any("cannot write the queue's file" in line for line in server.complaints)
    filler.unlink()
    later = server.run(**{"job_input": job["input"]})
    server.kill()
    again = start(file=small_disk / "jobs.db")
    assert end_of(again.url, later)["output"]["caption"] == "large"
    assert again.status(kept)["output"]["caption"] == "kept"


def jobs_a_second(url, seconds=1.5, clients=4):
    import http.client
    import json

    body = json.dumps({"input": picture("text=a cat")})
    counts, end = [], time.monotonic() + seconds

    def client():
        connection, count = http.client.HTTPConnection(url.removeprefix("http://")), 0
        while time.monotonic() < end:
            connection.request("POST", "/v2/e/run", body, {"Authorization": "Bearer x"})
            answer = connection.getresponse()
            answer.read()
            count += answer.status == 200
        counts.append(count)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / seconds


def test_how_many_jobs_a_second_are_accepted(start, tmp_path):
    """Shown by `-s`; docs/server.md names the figures."""
    memory = Program([SCRIPTED, "serve", "--port", port := free_port(), "--queue-max", "100000"], INHERITED)
    try:
        until(lambda: any("ready;" in line for line in memory.complaints), memory.tail)
        without = jobs_a_second(f"http://127.0.0.1:{port}")
    finally:
        memory.kill()
    with_file = jobs_a_second(start("--queue-max", "100000").url)
    print(f"\naccepted jobs/s by 4 clients: {without:.0f} in memory, {with_file:.0f} in a file")
    assert without > 0 and with_file > 0
