"""OpenAI's requests as jobs, the way RunPod passes them on: through the server's queue, and through the worker."""

import json

import httpx
import pytest

from fake_runpod.client import FakeRunpod
from pictures import data_url
from processes import Program
from serving import SCRIPTED
from workers import environment


def chat(prompt, **more):
    parts = [{"type": "text", "text": prompt}, {"type": "image_url", "image_url": {"url": data_url()}}]
    body = {"model": "scripted", "messages": [{"role": "user", "content": parts}], **more}
    return {"openai_route": "/v1/chat/completions", "openai_input": body}


def responses(prompt):
    parts = [{"type": "input_text", "text": prompt}, {"type": "input_image", "image_url": data_url()}]
    return {"openai_route": "/v1/responses", "openai_input": {"input": [{"role": "user", "content": parts}]}}


def pieces_of(text):
    events = [line[len("data: ") :] for line in text.split("\n\n") if line]
    assert events.pop() == "[DONE]"
    return "".join(json.loads(one)["choices"][0]["delta"].get("content") or "" for one in events)


class Endpoint:
    def __init__(self, url, key="none"):
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False)

    def runsync(self, job):
        return self.http.post("/runsync", json={"input": job}).json()

    def streamed(self, job):
        job_id = self.http.post("/run", json={"input": job}).json()["id"]
        text = ""
        while True:
            news = self.http.get(f"/stream/{job_id}").json()
            text += "".join(one["output"] for one in news["stream"])
            if news["status"] not in ("IN_QUEUE", "IN_PROGRESS"):
                return text


@pytest.fixture(scope="module")
def worked_endpoint(tmp_path_factory):
    with FakeRunpod(hold=2.0, lease=5.0) as platform:
        home = tmp_path_factory.mktemp("worker")
        worker = Program([SCRIPTED, "worker"], environment(platform, home, {}), cwd=home)
        yield Endpoint(platform.endpoint, platform.key)
        worker.kill()


@pytest.fixture(scope="module", params=["server", "worker"])
def endpoint(request):
    if request.param == "worker":
        return request.getfixturevalue("worked_endpoint")
    return Endpoint(request.getfixturevalue("scripted_server") + "/v2/any")


def test_the_output_is_openais_answer(endpoint):
    done = endpoint.runsync(chat("text=a cat"))
    assert done["status"] == "COMPLETED"
    output = done["output"]
    assert output["object"] == "chat.completion"
    assert output["id"] == "chatcmpl-" + done["id"]
    assert output["choices"][0]["message"]["content"] == "a cat"
    assert endpoint.runsync(responses("text=a dog"))["output"]["output"][0]["content"][0]["text"] == "a dog"
    vectors = {"openai_route": "/openai/v1/embeddings", "openai_input": {"model": "s", "input": ["a"]}}
    assert endpoint.runsync(vectors)["output"]["data"][0]["embedding"] == [0.6, 0.8]


def test_a_stream_is_openais_text(endpoint):
    assert pieces_of(endpoint.streamed(chat("pieces=a| cat", stream=True))) == "a cat"


def test_what_is_refused_fails_the_job(endpoint):
    done = endpoint.runsync(chat("x", tools=[{"type": "function"}]))
    assert done["status"] == "FAILED"
    error = json.loads(done["error"])
    assert (error["error_type"], error["field"]) == ("unsupported", "tools")
    done = endpoint.runsync(chat("fail=prompt_too_long"))
    assert json.loads(done["error"])["error_type"] == "prompt_too_long"
