"""RunPod's public API at our own server, asked by the SDKs of RunPod: Python (both kinds), JavaScript and Go."""

import json
import sys
from pathlib import Path

import pytest

from clients import COMMANDS, Client, ClientFailed
from pictures import batch, picture
from processes import until
from serving import SCRIPTED, serving

KEY = "a-key"
SLOW = picture("sleep=60000")
EVERY_COMMAND = {**COMMANDS, "asyncio": lambda: [sys.executable, Path(__file__).parent / "asyncio_client.py"]}


@pytest.fixture(scope="module")
def server():
    keys = {"VIGNETTE_API_KEYS": f"another-key,{KEY}", "SCRIPTED_PICTURES": "2"}
    with serving(SCRIPTED, environment=keys) as url:
        yield url


@pytest.fixture(scope="module", params=EVERY_COMMAND)
def client_with(request, server):
    started = []

    def start(key):
        started.append(Client(EVERY_COMMAND[request.param](), f"{server}/v2", "any-name", key))
        return started[-1]

    yield start
    for client in started:
        client.close()


@pytest.fixture(scope="module")
def client(client_with):
    return client_with(KEY)


def in_progress(client, job):
    return until(lambda: client.raw(job)["status"] == "IN_PROGRESS", "a job in progress")


def idle(client):
    health = client.health()
    jobs = health["jobs"]
    return jobs["inProgress"] == 0 and jobs["inQueue"] == 0 and health["workers"]["running"] == 0


def events(outputs):
    return [event for output in outputs for event in output["events"]]


def test_run_and_output(client):
    job = client.run({"input": picture("text=three green apples")})["id"]
    assert client.output(job)["caption"] == "three green apples"
    assert client.status(job)["status"] == "COMPLETED"
    state = client.raw(job)
    assert isinstance(state["delayTime"], int) and isinstance(state["executionTime"], int)
    assert state["id"] == job and state.get("workerId", "local") == "local"  # Go has no such field


def test_runsync(client):
    output = client.runsync({"input": picture("text=größe 写真")})["output"]
    assert output["caption"] == "größe 写真"


def test_a_batch_is_answered_in_its_order_and_a_bad_item_spoils_only_itself(client):
    output = client.runsync({"input": batch("text=one", None, "text=three")})["output"]
    assert (output["count"], output["failed"]) == (3, 1)
    assert [result.get("caption") for result in output["results"]] == ["one", None, "three"]


def test_an_error_is_text_that_holds_json(client):
    job = client.run({"input": {"prompt": "no picture"}})["id"]
    state = until(lambda: (raw := client.raw(job))["status"] == "FAILED" and raw, "the failure")
    assert json.loads(state["error"])["error_type"] == "missing_image"
    assert state.get("output") is None


def test_the_pieces_of_a_stream_joined_are_the_caption(client):
    job = client.run({"input": picture("pieces=three |green |apples", stream=True)})["id"]
    seen = events(client.stream(job))
    (result,) = [event["result"] for event in seen if "result" in event]
    assert "".join(event["text"] for event in seen if "text" in event) == result["caption"] == "three green apples"
    assert client.output(job)["caption"] == "three green apples"


def test_a_stream_of_a_batch_brings_each_item(client):
    job = client.run({"input": batch("pieces=a |cat", None, "pieces=a |dog", stream=True)})["id"]
    results = {event["id"]: event["result"] for event in events(client.stream(job)) if "result" in event}
    assert set(results) == {"a", "b", "c"}
    assert results["b"]["error"]["code"] == "missing_image"


def test_a_cancelled_job_ends_so_and_its_place_is_free_again(client):
    until(lambda: idle(client), "an idle server")
    jobs = [client.run({"input": SLOW})["id"] for _ in range(2)]  # all that the server does at once
    for job in jobs:
        in_progress(client, job)
        assert client.cancel(job)["status"] == "CANCELLED"
        assert client.raw(job)["status"] == "CANCELLED"
    assert client.runsync({"input": picture("text=free")})["output"]["caption"] == "free"
    assert client.raw(jobs[0])["status"] == "CANCELLED"


def test_health_counts_jobs_and_workers(client):
    until(lambda: idle(client), "an idle server")
    before = client.health()
    assert before["workers"]["idle"] == 1 and before["workers"]["ready"] == 1
    client.runsync({"input": picture()})
    assert client.health()["jobs"]["completed"] == before["jobs"]["completed"] + 1
    job = client.run({"input": SLOW})["id"]
    until(lambda: client.health()["jobs"]["inProgress"] == 1, "a job in progress")
    assert client.health()["workers"]["running"] == 1
    client.cancel(job)


def test_purge_removes_what_waits_and_leaves_what_runs(client):
    until(lambda: idle(client), "an idle server")
    running = [client.run({"input": SLOW})["id"] for _ in range(2)]
    for job in running:
        in_progress(client, job)
    waiting = [client.run({"input": picture()})["id"] for _ in range(3)]
    assert client.purge() == {"removed": 3, "status": "completed"}
    assert client.raw(waiting[0])["status"] == "CANCELLED"
    for job in running:
        assert client.raw(job)["status"] == "IN_PROGRESS"
        client.cancel(job)


def test_a_wrong_key_is_an_error_of_the_sdk(client_with, request):
    stranger = client_with("a-wrong-key")
    if "asyncio" in request.node.callspec.id:  # it looks at no status
        assert "key" in stranger.health()["error"]
        return
    for operation, argument in {"health": None, "run": {"input": picture()}, "status": "any"}.items():
        with pytest.raises(ClientFailed) as refused:
            stranger.call(operation, argument)
        assert "401" in str(refused.value)
