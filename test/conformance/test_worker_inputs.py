"""Whatever the platform hands out, it ends in one result or one clear log line, and the next job is served."""

import base64
import json

import pytest

from fake_runpod.client import FakeRunpod
from pictures import data_url, padded_png, picture, png
from processes import until
from workers import start_ours

ODD_ID = "odd/é ?&#%\"'"
SECRETS = {"prompt": "SECRETPROMPT", "query": "SECRETQUERY"}


@pytest.fixture(scope="module")
def worker(start_worker):
    return start_worker(VIGNETTE_CONCURRENCY="4")


def large_input():
    url = data_url(padded_png(7_420_000))
    assert 9_850_000 < len(url) < 9_990_000
    return {"data_url": url}


def nested(depth):
    value = "deep"
    for _ in range(depth):
        value = [value]
    return {**picture(), "deep": value}


ANSWERED = {  # name: input, the status of the job, what an error is called
    "empty input": ({}, "FAILED", "missing_image"),
    "unknown task": ({**picture(), "task": "paint-it"}, None, None),
    "9.9 MB data URL": (large_input, "COMPLETED", None),
    "list as input": ([1, 2], "FAILED", "invalid_input"),
    "text as input": ("describe", "FAILED", "invalid_input"),
    "null as input": (None, "FAILED", None),
    "number as picture": ({"data_url": 17}, "FAILED", "invalid_input"),
    "deeply nested": (lambda: nested(300), None, None),
    "empty batch": ({"images": []}, "FAILED", None),
    "zero bytes of picture": ({"data_url": "data:image/png;base64,"}, "FAILED", None),
}
IDS = {"id of 10 KB": "i" * 10_000, "odd id": ODD_ID, "id like a path": "../job-stop/x", "id of one dot": "a.b"}
UNANSWERABLE = {  # bodies of a take that hold no job anybody could answer
    "job without id": {"input": {"data_url": data_url()}},
    "empty id": {"id": "", "input": {"data_url": data_url()}},
    "text": "a job that is a text",
    "number": 17,
    "null": None,
    "half of a job": b'{"id": "half", "input": {"data_url": "data:',
    "no JSON": b"\x00\x01<html>",
    "array of rubbish": [None, 17, "x", [], {}],
}


@pytest.fixture
def lives_on(platform, worker):
    """After the test the worker serves the next job as if nothing had been."""
    yield
    job = platform.submit(picture("text=still here"))
    assert platform.wait(job, timeout_s=30)["output"]["caption"] == "still here"
    assert worker.alive


def one_result(platform, job):
    state = platform.wait(job, timeout_s=60)
    assert state["finals"] == 1
    assert platform.stats()["doubled"] == 0
    return state


@pytest.mark.parametrize("name", ANSWERED)
def test_an_odd_input_ends_in_one_result(name, platform, worker, lives_on):
    given, status, error_type = ANSWERED[name]
    state = one_result(platform, platform.submit(given() if callable(given) else given))
    assert status in (None, state["status"])
    if state["status"] == "FAILED":
        error = json.loads(state["error"])
        assert error_type in (None, error["error_type"]) and error["error_message"]
    else:
        assert state["output"]["caption"]


@pytest.mark.parametrize("name", IDS)
def test_an_odd_id_is_answered_under_that_id(name, platform, worker, lives_on):
    state = one_result(platform, platform.submit(picture("text=named"), id=IDS[name]))
    if state["status"] == "COMPLETED":
        assert state["output"]["caption"] == "named"
    else:  # so long a name may be refused, clearly
        assert len(IDS[name]) > 1000 and json.loads(state["error"])["error_message"], state


def complaints(worker, since=0):
    lines = [json.loads(line) for line in worker.lines[since:]]
    return [line for line in lines if line["level"] in ("WARN", "ERROR")]


@pytest.mark.parametrize("name", UNANSWERABLE)
def test_a_job_that_cannot_be_answered_is_one_log_line(name, platform, worker, lives_on):
    before, posts = len(worker.lines), len(platform.exchanges("done"))
    platform.submit_raw(UNANSWERABLE[name])
    lines = until(lambda: complaints(worker, before), "a line about it")
    job = platform.submit(picture())  # what comes after it is seen only when it is done with
    platform.wait(job)
    elements = len(UNANSWERABLE[name]) if name == "array of rubbish" else 1
    assert 1 <= len(complaints(worker, before)) <= elements, lines
    assert len(platform.exchanges("done")) == posts + 1


def test_a_job_of_invalid_utf8_is_one_result_or_one_line(platform, worker, lives_on):
    before = len(worker.lines)
    body = json.dumps({"id": "bad-utf8", "input": picture("text=@")}).encode().replace(b"@", b"\xff\xfe\xc3")
    platform.submit_raw(body)
    until(lambda: platform.exchanges("done", "bad-utf8") or complaints(worker, before), "an answer or a line")
    for exchange in platform.exchanges("done", "bad-utf8"):
        json.loads(exchange["body"])


def test_one_bad_element_of_an_array_spoils_no_other(platform, worker, lives_on):
    jobs = [{"id": f"beside-{number}", "input": picture(f"text=good {number}")} for number in range(2)]
    before = len(worker.lines)
    platform.submit_raw([jobs[0], {"input": "no id"}, jobs[1]])
    for number, job in enumerate(jobs):
        posts = until(lambda job=job: platform.exchanges("done", job["id"]), "its result")
        assert json.loads(posts[0]["body"])["output"]["caption"] == f"good {number}"
    assert until(lambda: complaints(worker, before), "a line about the bad one")


def test_production_logs_are_one_json_object_a_line_in_the_platforms_order(platform, worker):
    job = platform.submit(picture())
    platform.wait(job)
    until(lambda: any(job in line for line in worker.lines), "a line about the job")
    for line in worker.lines:
        if not line.startswith("---"):  # the banner is plain with the SDK too
            told = json.loads(line)
            assert list(told) == ["requestId", "message", "level"], line
            assert told["requestId"] is None or isinstance(told["requestId"], str)
            assert told["level"] in ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "TIP")
            assert len(told["message"]) <= 4200
    assert any(json.loads(line)["requestId"] == job for line in worker.lines if line.startswith("{"))


def test_no_users_data_is_logged_above_debug(platform, worker):
    content = png(9)
    url = f"https://example.invalid/a.png?token={SECRETS['query']}"
    inputs = [
        {"data_url": data_url(content), "prompt": f"text={SECRETS['prompt']}"},
        {"data_url": data_url(content)[:-9], "prompt": SECRETS["prompt"]},
        {"image": url, "prompt": SECRETS["prompt"]},
        {"images": [{"image": url}, {"image": data_url(content), "prompt": f"fail=model_failed;{SECRETS['prompt']}"}]},
    ]
    for job_input in inputs:
        platform.wait(platform.submit(job_input))
    secrets = [*SECRETS.values(), base64.b64encode(content).decode()[20:60]]
    above = [line for line in worker.lines + worker.complaints if '"DEBUG"' not in line and '"TRACE"' not in line]
    assert above and not [line for line in above for secret in secrets if secret in line]


def test_local_logs_are_for_people_and_name_the_job(tmp_path):
    with FakeRunpod() as platform:
        local = start_ours(platform, tmp_path, {"RUNPOD_ENDPOINT_ID": None})
        try:
            platform.wait(platform.submit(picture(), id="local-job"))
            lines = until(lambda: [one for one in local.lines + local.complaints if "local-job" in one], "its line")
            assert not [line for line in lines if line.startswith("{")]
        finally:
            local.kill()
