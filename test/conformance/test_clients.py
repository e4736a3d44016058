"""The three clients that people use, each with the fake platform in front of the worker."""

import json

import pytest

from clients import ClientFailed
from pictures import batch, picture
from processes import until

PIECES = "pieces=three |green |apples"
SLOW = picture("sleep=60000")


@pytest.fixture(scope="module", autouse=True)
def worker(start_worker):
    return start_worker(VIGNETTE_CONCURRENCY="2")


def idle(client):
    jobs = client.health()["jobs"]
    return jobs["inProgress"] == 0 and jobs["inQueue"] == 0


def test_run_and_output(client):
    job = client.run({"input": picture("text=three green apples")})["id"]
    assert client.output(job)["caption"] == "three green apples"
    assert client.status(job)["status"] == "COMPLETED"


def test_runsync(client):
    output = client.runsync({"input": picture("text=größe 写真")})["output"]
    assert output["caption"] == "größe 写真"
    assert {"caption", "processing_time", "model_info", "timings", "image", "finish_reason"} <= set(output)


def test_a_batch_is_answered_in_its_order_and_a_bad_item_spoils_only_itself(client):
    output = client.runsync({"input": batch("text=one", None, "text=three")})["output"]
    assert (output["count"], output["failed"]) == (3, 1)
    first, second, third = output["results"]
    assert [first["id"], second["id"], third["id"]] == ["a", "b", "c"]
    assert (first["caption"], third["caption"]) == ("one", "three")
    assert second["error"]["code"] == "missing_image" and "caption" not in second


def test_an_error_is_text_that_holds_json(client):
    job = client.run({"input": {"prompt": "no picture"}})["id"]
    state = until(lambda: (raw := client.raw(job))["status"] == "FAILED" and raw, "the failure")
    error = json.loads(state["error"])
    assert error["error_type"] == "missing_image" and error["error_message"]
    assert {"hostname", "worker_id", "version"} <= set(error)
    assert state.get("output") is None


def events(outputs):
    return [event for output in outputs for event in output["events"]]


def test_the_pieces_of_a_stream_joined_are_the_caption(client):
    job = client.run({"input": picture(PIECES, stream=True)})["id"]
    seen = events(client.stream(job))
    (result,) = [event["result"] for event in seen if "result" in event]
    assert "".join(event["text"] for event in seen if "text" in event) == result["caption"] == "three green apples"
    assert len([event for event in seen if "text" in event]) >= 1
    assert client.output(job)["caption"] == "three green apples"


def test_a_streamed_batch_brings_each_item_as_it_is_done(client):
    job = client.run({"input": batch("pieces=a |cat", None, "pieces=a |dog", stream=True)})["id"]
    seen = events(client.stream(job))
    results = {event["id"]: event["result"] for event in seen if "result" in event}
    assert set(results) == {"a", "b", "c"}
    assert results["b"]["error"]["code"] == "missing_image"
    for name in ("a", "c"):
        texts = [event["text"] for event in seen if event["id"] == name and "text" in event]
        assert "".join(texts) == results[name]["caption"]
    assert [result.get("caption") for result in client.output(job)["results"]] == ["a cat", None, "a dog"]


def test_a_film_is_answered_by_place_and_streamed_frame_by_frame(client):
    job = client.run({"input": {"video": "QUJD", "prompt": "frames=3;text=a cat", "stream": True}})["id"]
    seen = [(event["index"], event["result"]["timestamp"]) for event in events(client.stream(job))]
    assert seen == [(0, 0), (1, 1), (2, 2)]
    output = client.output(job)
    assert output["descriptions"] == ["a cat"] * 3 and output["timestamps"] == [0, 1, 2]
    assert (output["count"], output["failed_indices"], output["duplicates"]) == (3, [], [])


def test_a_film_with_one_answer_is_streamed_in_pieces(client):
    film = {"video": "QUJD", "together": True, "prompt": PIECES, "stream": True}
    job = client.run({"input": film})["id"]
    seen = events(client.stream(job))
    assert "".join(event["text"] for event in seen if "text" in event) == "three green apples"
    assert [event["result"]["caption"] for event in seen if "result" in event] == ["three green apples"]
    assert client.output(job)["caption"] == "three green apples"


def test_a_cancelled_job_ends_so_and_the_worker_is_free_again(client, platform):
    jobs = [client.run({"input": SLOW})["id"] for _ in range(2)]  # all that the worker does at once
    for job in jobs:
        platform.wait(job, "IN_PROGRESS")
        assert client.cancel(job)["status"] == "CANCELLED"
        assert client.raw(job)["status"] == "CANCELLED"
    assert client.runsync({"input": picture("text=free")})["output"]["caption"] == "free"
    assert client.raw(jobs[0])["status"] == "CANCELLED"


def test_health_counts_jobs_and_workers(client):
    until(lambda: idle(client), "an idle endpoint")
    before = client.health()
    assert before["workers"]["idle"] == 1 and before["workers"]["running"] == 0
    client.runsync({"input": picture()})
    assert client.health()["jobs"]["completed"] == before["jobs"]["completed"] + 1
    job = client.run({"input": SLOW})["id"]
    until(lambda: client.health()["jobs"]["inProgress"] == 1, "a job in progress")
    assert client.health()["workers"]["running"] == 1
    client.cancel(job)


def test_purge_removes_what_waits_and_leaves_what_runs(client, platform):
    running = [client.run({"input": SLOW})["id"] for _ in range(2)]
    for job in running:
        platform.wait(job, "IN_PROGRESS")
    waiting = [client.run({"input": picture()})["id"] for _ in range(3)]
    assert client.purge() == {"removed": 3, "status": "completed"}
    assert client.raw(waiting[0])["status"] == "CANCELLED"
    for job in running:
        assert client.raw(job)["status"] == "IN_PROGRESS"
        client.cancel(job)


def test_a_wrong_key_is_refused(client_with):
    stranger = client_with("a-wrong-key")
    with pytest.raises(ClientFailed):
        stranger.health()
