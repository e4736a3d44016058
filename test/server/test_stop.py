"""How the server ends, and why it does not begin."""

import os
import signal
import threading
import time

import pytest

from asking import ask
from pictures import picture
from processes import Program, until
from serving import SCRIPTED, free_port

INHERITED = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}


def program(*options, **environment):
    return Program([SCRIPTED, "serve", *options], {**INHERITED, **environment})


@pytest.fixture
def server():
    started = []

    def start(*options, ready=True, **environment):
        port = free_port()
        one = program("--port", str(port), *options, **environment)
        one.url = f"http://127.0.0.1:{port}"
        started.append(one)
        until(lambda: any(("ready;" if ready else "listening") in line for line in one.complaints), one.tail)
        return one

    yield start
    for one in started:
        one.kill()


def in_background(url, body):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(ask(url, body)))
    thread.start()
    return thread, answers


def is_running(server, jobs=1):
    return until(lambda: ask(f"{server.url}/v2/e/health")[1]["jobs"]["inProgress"] == jobs, "a job that runs")


def test_jobs_in_hand_are_answered_and_new_ones_are_refused(server, tmp_path):
    held = f"until={tmp_path / 'open'}"
    one = server()
    sync = in_background(f"{one.url}/v2/e/runsync", {"input": picture(f"{held};text=the last")})
    is_running(one)
    plain = in_background(f"{one.url}/caption", picture(f"{held};text=the last, too"))
    until(lambda: ask(f"{one.url}/v2/e/health")[0] == 200, "a server that listens")
    one.ask_to_end()
    until(lambda: any("stopping" in line for line in one.complaints), "the stop")
    refused = [ask(f"{one.url}/v2/e/run", {"input": picture()}), ask(f"{one.url}/caption", picture())]
    assert [status for status, _ in refused] == [503, 503]
    assert "shutting down" in refused[0][1]["error"]
    (tmp_path / "open").touch()
    assert one.wait() == 0
    for thread, answers in (sync, plain):
        thread.join()
        status, _ = answers[0]
        assert status in (200, 503)  # the plain one may have come after the signal
    assert sync[1][0][1]["output"]["caption"] == "the last"


def test_the_grace_period_ends_what_takes_too_long(server):
    one = server("--grace-s", "2")
    thread, answers = in_background(f"{one.url}/caption", picture("sleep=60000"))
    until(lambda: "job" not in one.tail() and ask(f"{one.url}/v2/e/health")[1]["workers"]["running"], "a job")
    begin = time.monotonic()
    one.ask_to_end()
    assert one.wait() == 0
    assert time.monotonic() - begin < 10
    thread.join()
    status, answer = answers[0]
    assert status == 503 and answer["error"]["code"] == "shutting_down"


def test_an_idle_server_leaves_at_once_though_clients_keep_connections(server):
    one = server()
    import http.client

    kept = http.client.HTTPConnection(one.url.removeprefix("http://"))
    kept.request("GET", "/livez")
    assert kept.getresponse().read()
    begin = time.monotonic()
    one.ask_to_end()
    assert one.wait() == 0
    assert time.monotonic() - begin < 3
    kept.close()


def test_interrupt_is_the_same(server):
    one = server()
    one.process.send_signal(signal.SIGINT)
    assert one.wait() == 0


def test_a_second_signal_ends_it_at_once(server):
    one = server()
    thread, _ = in_background(f"{one.url}/v2/e/run", {"input": picture("sleep=60000")})
    thread.join()
    one.ask_to_end()
    until(lambda: any("stopping" in line for line in one.complaints), "the stop")
    one.ask_to_end()
    assert one.wait() == 128 + signal.SIGTERM


def test_while_it_loads_it_says_so_takes_jobs_and_can_be_ended(server):
    one = server(ready=False, SCRIPTED_LOAD_MS="60000")
    assert ask(f"{one.url}/readyz")[0] == 503
    assert ask(f"{one.url}/ping")[0] == 204
    assert ask(f"{one.url}/health")[1]["status"] == "loading"
    assert ask(f"{one.url}/v2/e/health")[1]["workers"]["initializing"] == 1
    assert ask(f"{one.url}/v2/e/run", {"input": picture()})[1]["status"] == "IN_QUEUE"
    begin = time.monotonic()
    one.ask_to_end()
    assert one.wait() == 0
    assert time.monotonic() - begin < 5


def test_a_job_that_came_while_it_loaded_is_run_then(server):
    one = server(ready=False, SCRIPTED_LOAD_MS="1000")
    assert ask(f"{one.url}/caption", picture("text=early"))[1]["caption"] == "early"


def test_a_model_that_cannot_be_loaded_is_a_failure(server):
    one = server(ready=False, SCRIPTED_LOAD_FAILS="1", SCRIPTED_LOAD_MS="2000")
    thread, answers = in_background(f"{one.url}/caption", picture())
    assert one.wait() == 1
    thread.join()
    assert answers[0][0] == 503
    assert "cannot load the model" in one.tail()


def refuses(*options, **environment):
    one = program(*options, **environment)
    code = one.wait()
    return code, one.tail()


def test_a_port_that_is_taken_is_a_usage_error(server):
    one = server()
    port = one.url.rsplit(":", 1)[1]
    code, said = refuses("--port", port)
    assert code == 2 and port in said and "choose another --port" in said


@pytest.mark.parametrize("host", ["example.com", "300.1.1.1", ""])
def test_a_host_that_is_no_address_is_a_usage_error(host):
    code, said = refuses("--host", host, "--without-keys")
    assert code == 2 and "IP address" in said


def test_an_address_of_somebody_else_is_a_usage_error():
    code, said = refuses("--host", "192.0.2.1", "--without-keys")
    assert code == 2 and "192.0.2.1" in said


def test_an_outer_address_needs_keys():
    for host in ("0.0.0.0", "::"):
        code, said = refuses("--host", host)
        assert code == 2 and "VIGNETTE_API_KEYS" in said and "--without-keys" in said


def test_a_wrong_hash_or_file_of_keys_is_a_usage_error(tmp_path):
    (tmp_path / "empty").write_text("# nobody yet\n")
    code, said = refuses("--api-key-file", str(tmp_path / "empty"))
    assert code == 2 and "holds no key" in said
    code, said = refuses("--api-keys", "sha256:abc")
    assert code == 2 and "64 hexadecimal digits" in said
    code, said = refuses("--api-key-file", str(tmp_path / "nothing"))
    assert code == 2 and "nothing" in said


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http"])
def test_a_port_that_is_none_is_a_usage_error(port):
    assert refuses("--port", port)[0] == 2
