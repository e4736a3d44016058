"""RunPod's local server (--rp_serve_api), whose shapes its users' scripts know."""

import pytest

from asking import ask
from pictures import picture
from serving import SCRIPTED, serving


@pytest.fixture(scope="module")
def server():
    with serving(SCRIPTED, "--rp_serve_api") as url:
        yield url


def test_run_answers_at_once_and_the_job_runs(server):
    status, answer = ask(f"{server}/run", {"input": picture("text=a cat")})
    assert status == 200 and answer["status"] == "IN_PROGRESS" and answer["id"].startswith("test-")
    assert set(answer) == {"id", "status"}
    for _ in range(2):  # it is not forgotten
        status, ended = ask(f"{server}/status/{answer['id']}", {})
        assert status == 200 and ended["output"]["caption"] == "a cat"
        assert {**ended, "output": None} == {"id": answer["id"], "status": "COMPLETED", "output": None}
    assert ask(f"{server}/status/{answer['id']}")[1] == ended


def test_a_get_does_not_wait(server):
    job = ask(f"{server}/run", {"input": picture("sleep=60000")})[1]["id"]
    assert ask(f"{server}/status/{job}")[1] == {"id": job, "status": "IN_PROGRESS"}
    assert ask(f"{server}/v2/e/cancel/{job}", {})[1]["status"] == "CANCELLED"
    assert ask(f"{server}/status/{job}", {})[1] == {"id": job, "status": "CANCELLED"}


def test_runsync_brings_the_output(server):
    status, answer = ask(f"{server}/runsync", {"input": picture("text=a cat")})
    assert (status, answer["status"], answer["output"]["caption"]) == (200, "COMPLETED", "a cat")


def test_a_failure_is_an_answer(server):
    status, answer = ask(f"{server}/runsync", {"input": picture("fail=model_failed")})
    assert (status, answer["status"]) == (200, "FAILED")
    assert "model_failed" in answer["error"] and "output" not in answer


def test_a_stream_brings_all_that_was_said(server):
    job = ask(f"{server}/run", {"input": picture("pieces=a |cat", stream=True)})[1]["id"]
    status, answer = ask(f"{server}/stream/{job}", {})
    assert (status, answer["id"], answer["status"]) == (200, job, "COMPLETED")
    events = [event for item in answer["stream"] for event in item["output"]["events"]]
    assert "".join(event.get("text", "") for event in events) == "a cat"


def test_an_unknown_job_is_said_with_200(server):
    unknown = {"id": "x", "status": "FAILED", "error": "Job ID not found"}
    assert ask(f"{server}/status/x", {}) == (200, unknown)
    assert ask(f"{server}/status/x") == (200, unknown)
    assert ask(f"{server}/stream/x", {}) == (200, unknown)


@pytest.mark.parametrize("body", [{}, {"input": None}, [], {"input": {}, "webhook": 5}])
def test_what_is_no_job_is_422_with_detail(server, body):
    status, answer = ask(f"{server}/run", body)
    assert status == 422
    assert answer["detail"][0]["loc"][0] == "body" and answer["detail"][0]["msg"]


def test_without_the_option_they_are_not_there(scripted_server):
    for path, body in {"/status/x": None, "/stream/x": {}}.items():
        status, answer = ask(scripted_server + path, body)
        assert status == 404 and "--rp_serve_api" in answer["error"]
    assert ask(f"{scripted_server}/runsync", {"input": picture("text=a cat")})[1]["caption"] == "a cat"
