"""Webhooks of jobs, told to a server of this test."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from asking import ask, end_of
from pictures import picture
from processes import until
from serving import SCRIPTED, serving


class Listener:
    """Remembers what it is told, and answers with the statuses it was given, then with 200."""

    def __init__(self):
        self.told, self.statuses = [], []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                owner.told.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(owner.statuses.pop(0) if owner.statuses else 200)
                self.send_header("Location", f"{owner.url}/moved")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.server.shutdown()


@pytest.fixture(scope="module")
def open_server():
    with serving(SCRIPTED, "--allow-private-urls") as url:
        yield url


def run(url, job_input, webhook):
    return ask(f"{url}/v2/e/run", {"input": job_input, "webhook": webhook})[1]["id"]


@pytest.mark.parametrize(("prompt", "status"), [("text=a cat", "COMPLETED"), ("fail=model_failed", "FAILED")])
def test_a_webhook_is_told_the_status_the_input_and_itself(open_server, listener, prompt, status):
    job_input = picture(prompt)
    job = run(open_server, job_input, f"{listener.url}/hook?token=1")
    until(lambda: listener.told, "the webhook")
    path, headers, body = listener.told[0]
    assert path == "/hook?token=1"
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"].startswith("Vignette/")
    known = ask(f"{open_server}/v2/e/status/{job}")[1]
    assert body == {**known, "input": job_input, "webhook": f"{listener.url}/hook?token=1"}
    assert body["status"] == status


def test_a_cancelled_job_is_told_too(open_server, listener):
    job = run(open_server, picture("sleep=60000"), listener.url)
    ask(f"{open_server}/v2/e/cancel/{job}", {})
    until(lambda: listener.told, "the webhook")
    assert listener.told[0][2]["status"] == "CANCELLED"


def test_a_large_input_is_echoed(open_server, listener):
    job_input = picture("text=a cat", note="x" * 3_000_000)
    run(open_server, job_input, listener.url)
    until(lambda: listener.told, "the webhook")
    assert listener.told[0][2]["input"] == job_input


def test_whoever_fails_is_told_again_after_five_seconds(open_server, listener):
    listener.statuses = [500]
    job = run(open_server, picture(), listener.url)
    assert end_of(open_server, job)["status"] == "COMPLETED"  # that nobody listens never fails the job
    until(lambda: len(listener.told) == 2, "the second try")
    assert listener.told[0][2] == listener.told[1][2]


def test_a_redirect_is_not_followed(open_server, listener):
    listener.statuses = [307]
    run(open_server, picture(), f"{listener.url}/here")
    until(lambda: len(listener.told) == 2, "the second try")
    assert [path for path, _, _ in listener.told] == ["/here", "/here"]


def test_a_private_address_is_refused_and_logged_without_the_address(listener):
    with serving(SCRIPTED) as url:
        job = run(url, picture(), f"{listener.url}/secret")
        assert end_of(url, job)["status"] == "COMPLETED"
        url.process.terminate()
        url.process.wait(timeout=30)
        log = url.logged()
    assert not listener.told
    (line,) = [line for line in log.splitlines() if "webhook" in line]
    assert "webhook_failed code=forbidden_address tries=1" in line and job in line
    assert "secret" not in log


@pytest.mark.parametrize("webhook", ["ftp://example.com/", "example.com", 5, "file:///etc/passwd"])
def test_what_is_no_web_address_is_refused_at_once(open_server, webhook):
    status, answer = ask(f"{open_server}/v2/e/run", {"input": picture(), "webhook": webhook})
    assert status == 400 and "webhook" in answer["error"]


def test_what_is_on_its_way_is_told_before_the_server_ends(listener):
    with serving(SCRIPTED, "--allow-private-urls") as url:
        for _ in range(20):
            run(url, picture("sleep=200"), listener.url)
        url.process.terminate()
        assert url.process.wait(30) == 0
    assert len(listener.told) == 20
