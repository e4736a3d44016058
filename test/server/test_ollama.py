"""The `ollama` client, unmodified, and the requests that Home Assistant and PhotoPrism send."""

import base64
import json
import urllib.error
import urllib.request
from pathlib import Path

import ollama
import pytest

from pictures import data_url, png

EVENTS = Path(__file__).parents[1] / "events"


@pytest.fixture(scope="module")
def client(scripted_server):
    return ollama.Client(scripted_server)


@pytest.fixture(scope="module")
def demo(demo_server):
    return ollama.Client(demo_server)


def user(text, *pictures):
    return {"role": "user", "content": text, "images": list(pictures)}


def post(url, body):
    """The status, and the lines of the answer."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, [json.loads(line) for line in answer]
    except urllib.error.HTTPError as refused:
        return refused.code, [json.loads(refused.read())]


def test_a_picture_is_described(client):
    answer = client.generate("any", "text=a red square", images=[png()])
    assert answer.response == "a red square"
    assert answer.done and answer.done_reason == "stop"
    assert answer.prompt_eval_count == 5 and answer.eval_count == 1
    assert answer.total_duration > 0 and answer.load_duration == 0


def test_the_text_comes_in_pieces(client):
    lines = list(client.generate("any", "pieces=a |red |square", images=[png()], stream=True))
    assert [line.response for line in lines] == ["a ", "red ", "square", ""]
    assert [line.done for line in lines] == [False, False, False, True]
    lines = list(client.chat("any", [user("pieces=a |red|;length=5", png())], stream=True))
    assert "".join(line.message.content for line in lines) == "a red"
    assert lines[-1].done_reason == "length" and lines[-1].eval_count == 5


def test_the_options_reach_the_model(client):
    options = {"num_predict": 9, "temperature": 0.5, "top_p": 0.5, "top_k": 4, "min_p": 0.25, "seed": 1}
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    answer = client.chat(
        "demo-blip2:latest",
        [{"role": "system", "content": "be brief;"}, user(";echo", png(), png())],
        format=schema,
        options=options | {"stop": ["END"], "repeat_penalty": 1.5, "num_ctx": 4096, "num_thread": 2},
        keep_alive="5m",
        think=False,
    )
    said = answer.message.content.splitlines()
    assert said[:4] == ["pictures=2", "messages[1].images[0]", "messages[1].images[1]", "model=demo-blip2"]
    assert f"schema={json.dumps(schema, separators=(',', ':'))}" in said
    for line in ("max_length=9", "temperature=0.500000", "top_k=4", "min_p=0.250000", "seed=1", "stop=END"):
        assert line in said
    assert said[-2:] == ["prompt=be brief;", ";echo"]


def test_the_assistants_beginning_is_not_sent_back(client):
    messages = [user("pieces=red |square", png()), {"role": "assistant", "content": "It is a "}]
    assert client.chat("any", messages).message.content == "red square"
    lines = client.chat("any", messages, stream=True)
    assert [line.message.content for line in lines] == ["red ", "square", ""]


@pytest.mark.parametrize("stream", [False, True])
def test_errors_are_its_own(client, stream):
    def failing(*arguments, **more):
        with pytest.raises(ollama.ResponseError) as failed:
            answer = client.generate(*arguments, stream=stream, **more)
            list(answer)
        return failed.value

    assert failing("any", "fail=overloaded", images=[png()]).status_code == 429
    assert failing("any", "no picture").status_code == 400
    error = failing("any", "echo", images=[png()], think=True)
    assert error.status_code == 400 and error.error.startswith("think is not supported")
    assert "suffix" in failing("any", "echo", images=[png()], suffix="x").error
    assert "options.top_p" in failing("any", "echo", images=[png()], options={"top_p": 7}).error
    assert "images[0]" in failing("any", "decode", images=["QUJD"]).error


def test_earlier_answers_are_refused_by_name(client):
    messages = [user("echo", png()), {"role": "assistant", "content": "x"}, user("echo", png())]
    with pytest.raises(ollama.ResponseError, match=r"messages\[1\]"):
        client.chat("any", messages)
    with pytest.raises(ollama.ResponseError, match="tools"):
        client.chat("any", [user("echo", png())], tools=[{"type": "function", "function": {"name": "f"}}])


def test_the_models(client, scripted_server):
    names = [model.model for model in client.list().models]
    assert names[0] == "demo-blip2:latest" and "demo-clip:latest" in names
    shown = client.show("demo-blip2:latest")
    assert shown.capabilities == ["completion", "vision"] and shown.details.family == "blip2-opt"
    assert client.show("demo-clip").capabilities == ["embedding"]
    assert [model.name for model in client.ps().models] == ["demo-blip2:latest"]
    with pytest.raises(ollama.ResponseError) as missing:
        client.show("llava")
    assert missing.value.status_code == 404
    with urllib.request.urlopen(scripted_server + "/api/version") as answer:
        assert set(json.load(answer)) == {"version"}


def test_a_model_is_loaded_by_asking_nothing(client):
    assert client.generate("demo-blip2").done_reason == "load"


def test_what_changes_the_models_is_not_here(client):
    for change in (
        lambda: client.pull("llava"),
        lambda: client.push("llava"),
        lambda: client.create("new", from_="llava"),
        lambda: client.copy("a", "b"),
        lambda: client.delete("llava"),
    ):
        with pytest.raises(ollama.ResponseError, match="vignette models add") as refused:
            change()
        assert refused.value.status_code == 501


def test_vectors(client):
    assert client.embed("any", ["a", "b"]).embeddings == [[0.6, 0.8], [0.6, 0.8]]
    assert client.embeddings("any", "a").embedding == [0.6, 0.8]
    with pytest.raises(ollama.ResponseError, match="dimensions"):
        client.embed("any", "a", dimensions=8)


def test_home_assistants_ai_task(scripted_server):
    """homeassistant/components/ollama/entity.py: a stream with its own system text, and keep_alive -1."""
    body = {
        "model": "demo-blip2",
        "messages": [
            {"role": "system", "content": "You are a Home Assistant expert.;"},
            {"role": "user", "content": ";echo", "images": [base64.b64encode(png()).decode()]},
        ],
        "tools": [],
        "stream": True,
        "format": None,
        "options": {"num_ctx": 8192},
        "keep_alive": -1,
        "think": False,
    }
    status, lines = post(scripted_server + "/api/chat", body)
    assert status == 200
    assert lines[0]["message"]["content"].startswith("pictures=1\n")
    assert lines[-1]["done"] is True and "warnings" not in lines[-1]


def test_home_assistants_llm_vision(scripted_server):
    """custom_components/llmvision/providers.py: a message for each picture, the system's text beside them."""
    picture = base64.b64encode(png()).decode()
    body = {
        "model": "demo-blip2",
        "messages": [
            {"role": "user", "content": "front door:", "images": [picture]},
            {"role": "user", "content": "garage:;", "images": [picture]},
            {"role": "user", "content": ";echo;"},
        ],
        "stream": False,
        "keep_alive": 5,
        "options": {"num_predict": 1000, "temperature": 0.5, "num_ctx": 2048},
        "system": "Your task is to analyze a series of images.",
    }
    status, [answer] = post(scripted_server + "/api/chat", body)
    assert status == 200
    content = answer["message"]["content"]
    assert content.startswith("pictures=2\n")
    assert content.endswith("prompt=Your task is to analyze a series of images.\nfront door:\ngarage:;\n;echo;")


def test_photoprisms_captions_and_labels(scripted_server):
    """internal/ai/vision: api_request.go with the engine `ollama`, which sends its empty suffix, too."""
    body = {
        "id": "0b9e4f2c-5c3e-4f6a-8f0e-6f6d2f5d7a11",
        "model": "demo-blip2:latest",
        "prompt": "text=a red square",
        "suffix": "",
        "options": {"temperature": 0.1},
        "stream": False,
        "images": [base64.b64encode(png()).decode()],
        "think": False,
    }
    status, [answer] = post(scripted_server + "/api/generate", body)
    assert (status, answer["response"], answer["model"]) == (200, "a red square", "demo-blip2:latest")
    labels = body | {"system": "Output concise JSON.;", "prompt": ";echo", "format": "json"}
    labels["options"] = {"temperature": 0.1, "top_p": 0.9, "stop": ["\n\n"]}
    status, [answer] = post(scripted_server + "/api/generate", labels | {"images": [data_url()]})
    assert status == 200 and 'schema={"type":"object"}' in answer["response"]


def test_a_true_caption(demo):
    picture = (EVENTS / "scene-1.png").read_bytes()
    answer = demo.generate("demo-blip2", images=[picture])
    assert answer.response.startswith("three green stars at the top and two purple circles")
    assert answer.eval_duration > 0 and answer.prompt_eval_count > 0
    streamed = "".join(line.response for line in demo.generate("demo-blip2", images=[picture], stream=True))
    assert streamed == answer.response


def test_two_pictures_and_a_schema(demo):
    pictures = [(EVENTS / f"scene-{i}.png").read_bytes() for i in (1, 2)]
    schema = {"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}}, "required": ["colour"]}
    schema["additionalProperties"] = False
    answer = demo.chat("demo-llava-next", [user("What is shown?", *pictures)], format=schema)
    assert json.loads(answer.message.content)["colour"] in ("red", "blue")
    with pytest.raises(ollama.ResponseError, match="one picture at a time"):
        demo.chat("demo-blip2", [user("", *pictures)])
    with pytest.raises(ollama.ResponseError, match="there is no such model") as missing:
        demo.generate("llava:7b", images=[pictures[0]])
    assert missing.value.status_code == 404


def test_true_vectors(demo):
    one, other, far = demo.embed("demo-clip", ["a red circle", "a red circle", "a blue square"]).embeddings
    assert one == pytest.approx(other, abs=1e-5) and one != pytest.approx(far, abs=1e-2)
    assert abs(sum(value * value for value in one) - 1) < 1e-4
