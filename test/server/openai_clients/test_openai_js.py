"""OpenAI's own JavaScript client against the server."""

import json

import pytest

from javascript import JS, package, with_node
from pictures import data_url
from processes import Program


@pytest.fixture(scope="module")
def call(scripted_server):
    package("openai")
    program = Program(["node", JS / "openai.mjs"], {**with_node(), "BASE_URL": scripted_server})

    def ask(operation, argument=None):
        program.tell(json.dumps([operation, argument]))
        return json.loads(program.next_line())

    yield ask
    program.kill()


def chat(prompt):
    parts = [{"type": "text", "text": prompt}, {"type": "image_url", "image_url": {"url": data_url()}}]
    return {"model": "scripted", "messages": [{"role": "user", "content": parts}]}


def responses(prompt):
    parts = [{"type": "input_text", "text": prompt}, {"type": "input_image", "image_url": data_url(), "detail": "auto"}]
    return {"model": "scripted", "input": [{"role": "user", "content": parts}]}


def test_a_chat(call):
    made = call("chat", chat("text=a cat"))["value"]
    assert made["choices"][0]["message"]["content"] == "a cat" and made["usage"]["total_tokens"] == 6
    assert call("chatStream", chat("pieces=a| cat"))["value"] == "a cat"
    assert call("chatFinal", chat("pieces=a| cat"))["value"] == "a cat"


def test_a_response(call):
    assert call("responses", responses("text=a cat"))["value"] == "a cat"
    assert call("responsesStream", responses("pieces=a| cat"))["value"] == "a cat"
    assert call("responsesFinal", responses("pieces=a| cat"))["value"] == "a cat"


def test_vectors_and_models(call):
    assert call("embeddings", {"model": "s", "input": "a cat"})["value"] == pytest.approx([0.6, 0.8])
    assert "demo-blip2" in call("models")["value"]


def test_a_refusal_has_its_class(call):
    assert call("chat", {**chat("x"), "tools": [{}]})["failure"] == "BadRequestError 400 unsupported tools"
    assert call("chat", {**chat("x"), "model": ""})["failure"] == "NotFoundError 404 model_not_found model"
    assert call("chatStream", chat("fail=overloaded"))["failure"].startswith("RateLimitError 429 overloaded")
