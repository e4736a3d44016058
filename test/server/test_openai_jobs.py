"""OpenAI's requests as jobs, the way RunPod passes them on: through the server's queue, and through the worker."""

import json

import httpx
import pytest

from fake_runpod.client import FakeRunpod
from pictures import data_url
from serving import SCRIPTED
from workers import start_ours


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


class Server:
    def __init__(self, url):
        self.url = url + "/v2/any"

    def runsync(self, job):
        return httpx.post(self.url + "/runsync", json={"input": job}, timeout=30).json()

    def streamed(self, job):
        id = httpx.post(self.url + "/run", json={"input": job}).json()["id"]
        text = ""
        while True:
            news = httpx.get(f"{self.url}/stream/{id}", timeout=30).json()
            text += "".join(one["output"] for one in news["stream"])
            if news["status"] not in ("IN_QUEUE", "IN_PROGRESS"):
                return text


@pytest.fixture(scope="module")
def server(scripted_server):
    return Server(scripted_server)


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    with FakeRunpod(hold=2.0, lease=5.0) as platform:
        program = start_ours(platform, tmp_path_factory.mktemp("worker"), {}, [SCRIPTED, "worker"])
        yield Server.__new__(Server), platform
        program.kill()


@pytest.fixture(params=["server", "worker"])
def place(request):
    if request.param == "server":
        return request.getfixturevalue("server")
    place, platform = request.getfixturevalue("worker")
    place.url = platform.endpoint
    return place


def test_the_output_is_openais_answer(server):
    done = server.runsync(chat("text=a cat"))
    assert done["status"] == "COMPLETED"
    output = done["output"]
    assert output["object"] == "chat.completion"
    assert output["id"] == "chatcmpl-" + done["id"]
    assert output["choices"][0]["message"]["content"] == "a cat"
    assert server.runsync(responses("text=a dog"))["output"]["output"][0]["content"][0]["text"] == "a dog"
    vectors = {"openai_route": "/openai/v1/embeddings", "openai_input": {"model": "s", "input": ["a"]}}
    assert server.runsync(vectors)["output"]["data"][0]["embedding"] == [0.6, 0.8]


def test_a_stream_is_openais_text(server):
    assert pieces_of(server.streamed(chat("pieces=a| cat", stream=True))) == "a cat"


def test_what_is_refused_fails_the_job(server):
    done = server.runsync(chat("x", tools=[{"type": "function"}]))
    assert done["status"] == "FAILED"
    error = json.loads(done["error"])
    assert (error["error_type"], error["field"]) == ("unsupported", "tools")
    done = server.runsync(chat("fail=prompt_too_long"))
    assert json.loads(done["error"])["error_type"] == "prompt_too_long"
