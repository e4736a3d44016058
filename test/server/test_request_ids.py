"""A request has one name: in its answer, in the log and in errors."""

import http.client
import json
import re
import socket
from urllib.parse import urlsplit

import anthropic
import openai
import pytest

from serving import ROOT, SCRIPTED, serving

PICTURE = json.loads((ROOT / "test/events/scene-1.json").read_text())["input"]["data_url"].split(",")[1]
JOB = json.dumps({"image_base64": PICTURE})


def ask(url, method="GET", path="/livez", body=None, headers=None):
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def name_of(answer) -> str:
    names = answer.headers.get_all("x-request-id")
    assert len(names) == 1, names
    return names[0]


def test_every_answer_has_one(scripted_server):
    asked = [
        ("GET", "/livez", None),
        ("GET", "/nothing", None),
        ("DELETE", "/caption", None),
        ("POST", "/caption", JOB),
        ("POST", "/caption", "{"),
        ("POST", "/batch_embed_and_caption", json.dumps({"images": [{"image_base64": PICTURE}], "stream": True})),
    ]
    names = {name_of(ask(scripted_server, *one)[0]) for one in asked}
    assert len(names) == len(asked) and all(re.fullmatch("[0-9a-f]{32}", name) for name in names)


def test_what_is_no_http_gets_one_too(scripted_server):
    where = urlsplit(scripted_server)
    with socket.create_connection((where.hostname, where.port), timeout=30) as one:
        one.sendall(b"nonsense\r\n\r\n")
        assert re.search(rb"x-request-id: [0-9a-f]{32}\r\n", one.recv(4096))


@pytest.mark.parametrize("name", ["a", "order-7", "A.b_c:d/e+f=g@h~", "x" * 128])
def test_the_clients_own_is_kept(scripted_server, name):
    assert name_of(ask(scripted_server, headers={"X-Request-ID": name})[0]) == name


@pytest.mark.parametrize("name", ["", "x" * 129, "two words", 'quo"te', "\u00e9", "a;b", "{}"])
def test_a_name_that_is_not_sane_is_replaced(scripted_server, name):
    headers = {"x-request-id": name.encode("latin-1")}
    assert re.fullmatch("[0-9a-f]{32}", name_of(ask(scripted_server, headers=headers)[0]))


def test_errors_say_it_where_they_have_a_place(scripted_server):
    for path, body in [("/caption", "{"), ("/nothing", None)]:
        answer, said = ask(scripted_server, "POST", path, body)
        assert json.loads(said)["error"]["request_id"] == name_of(answer)
    answer, said = ask(scripted_server, "POST", "/v1/messages", "{}")
    assert json.loads(said)["request_id"] == name_of(answer) == answer.headers["request-id"]
    answer, said = ask(scripted_server, "POST", "/v1/chat/completions", "{}")
    assert set(json.loads(said)["error"]) == {"message", "type", "param", "code"}


def test_openais_and_anthropics_clients_read_it(scripted_server):
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}
    client = openai.OpenAI(base_url=scripted_server + "/v1", api_key="none")
    chat = [{"role": "user", "content": [image]}]
    own = {"x-request-id": "mine"}
    assert client.chat.completions.create(model="any", messages=chat, extra_headers=own)._request_id == "mine"
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(model="any", messages=[], extra_headers=own)
    assert refused.value.request_id == "mine"

    source = {"type": "base64", "media_type": "image/png", "data": PICTURE}
    turns = [{"role": "user", "content": [{"type": "image", "source": source}]}]
    other = anthropic.Anthropic(base_url=scripted_server, api_key="none")
    made = other.messages.create(model="any", max_tokens=9, messages=turns, extra_headers=own)
    assert made._request_id == "mine"
    with pytest.raises(anthropic.BadRequestError) as refused:
        other.messages.create(model="any", max_tokens=9, messages=[], extra_headers=own)
    assert refused.value.request_id == "mine"


def log_of(*options) -> list[str]:
    """Of a request that works, one that fails and one whose job goes on without it."""
    with serving(SCRIPTED, "--log-level", "debug", *options) as url:
        ask(url, "POST", "/caption", JOB, {"x-request-id": "works"})
        failing = json.dumps({"image_base64": PICTURE, "prompt": "fail=model_failed"})
        ask(url, "POST", "/caption", failing, {"x-request-id": "fails"})
        ask(url, "POST", "/v2/e/runsync", json.dumps({"input": {"image": PICTURE}}), {"x-request-id": "later"})
        ask(url, "GET", "/nothing", None, {"x-request-id": "early"})
        url.process.terminate()
        url.process.wait(timeout=30)
        return url.logged().splitlines()


def test_it_is_in_every_line_about_the_request_in_text():
    lines = log_of()
    for name, event in [
        ("works", "job_done"), ("fails", "job_failed"), ("later", "job_done"), ("works", "request_done"),
        ("early", "request_refused"),
    ]:  # fmt: skip
        assert any(event in line and line.endswith(f" request_id={name}") for line in lines), (name, event, lines)
    about = [line for line in lines if "job_" in line or "request_" in line]
    assert all(re.search(r" request_id=\S+$", line) for line in about)


def test_it_is_a_field_in_json():
    lines = [json.loads(line) for line in log_of("--log-format", "json")]
    assert all({"time", "level", "message"} <= set(line) for line in lines)
    about = [line for line in lines if "job_" in line["message"] or "request_" in line["message"]]
    assert {line["request_id"] for line in about} >= {"works", "fails", "later", "early"}
    failed = next(line for line in lines if "job_failed" in line["message"])
    assert (failed["request_id"], failed["level"]) == ("fails", "warning") and failed["job"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in lines)
