"""The `anthropic` client, unmodified."""

import asyncio
import base64
import json
from pathlib import Path

import anthropic
import pytest

from pictures import png

EVENTS = Path(__file__).parents[1] / "events"


@pytest.fixture(scope="module")
def client(scripted_server):
    return anthropic.Anthropic(base_url=scripted_server, api_key="any", max_retries=0)


@pytest.fixture(scope="module")
def demo(demo_server):
    return anthropic.Anthropic(base_url=demo_server, api_key="any", max_retries=0)


def image(content):
    data = base64.b64encode(content).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}


def user(text, *pictures):
    return {"role": "user", "content": [*map(image, pictures), {"type": "text", "text": text}]}


def ask(client, text, *, then=(), **more):
    wanted = {"model": "any", "max_tokens": 9, "messages": [user(text, png()), *then]} | more
    return client.messages.create(**wanted)


def test_a_picture_is_described(client):
    message = ask(client, "text=a red square")
    assert message.id.startswith("msg_") and message.role == "assistant" and message.model == "any"
    assert [block.text for block in message.content] == ["a red square"]
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    assert (message.usage.input_tokens, message.usage.output_tokens) == (5, 1)


def test_why_it_ended(client):
    message = ask(client, "text=one. two", stop_sequences=["."])
    assert (message.content[0].text, message.stop_reason, message.stop_sequence) == ("one", "stop_sequence", ".")
    assert ask(client, "text=one;length=9").stop_reason == "max_tokens"


def test_a_stream(client):
    messages = [user("pieces=a |red |square", png())]
    with client.messages.stream(model="any", max_tokens=9, messages=messages) as stream:
        assert list(stream.text_stream) == ["a ", "red ", "square"]
        whole = stream.get_final_message()
    assert whole.content[0].text == "a red square"
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (5, 3)
    assert whole.stop_reason == "end_turn"
    raw = client.messages.create(model="any", max_tokens=9, messages=messages, stream=True)
    assert [event.type for event in raw] == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 3,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_many_at_once(scripted_server):
    async def all_of_them():
        async with anthropic.AsyncAnthropic(base_url=scripted_server, api_key="any", max_retries=0) as client:
            return await asyncio.gather(*(ask(client, f"text=number {i};sleep=50") for i in range(20)))

    said = [message.content[0].text for message in asyncio.run(all_of_them())]
    assert said == [f"number {i}" for i in range(20)]


def test_the_assistants_beginning_is_not_sent_back(client):
    beginning = {"role": "assistant", "content": "It is a"}
    assert ask(client, "text= red square", then=[beginning]).content[0].text == " red square"


def test_what_was_asked_reaches_the_model(client):
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    message = client.messages.create(
        model="demo-blip2",
        max_tokens=30,
        system=[{"type": "text", "text": "be brief;", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {
                "role": "user",
                "content": [
                    image(png()),
                    {"type": "image", "source": {"type": "url", "url": "https://example.org/a.jpg"}},
                    {"type": "text", "text": ";echo"},
                ],
            }
        ],
        stop_sequences=["END"],
        metadata={"user_id": "u"},
        output_config={"format": {"type": "json_schema", "schema": schema}},
        extra_body={"temperature": 0.5, "top_p": 0.5, "top_k": 4},
    )
    assert message.content[0].text.splitlines() == [
        "pictures=2",
        "messages[0].content[0].source.data",
        "messages[0].content[1].source.url at https://example.org/a.jpg",
        "model=demo-blip2",
        f"schema={json.dumps(schema, separators=(',', ':'))}",
        "max_length=30",
        "temperature=0.500000",
        "top_p=0.500000",
        "top_k=4",
        "stop=END",
        "prompt=be brief;",
        ";echo",
    ]


def test_errors_are_its_own(client):
    with pytest.raises(anthropic.RateLimitError) as full:
        ask(client, "fail=overloaded")
    assert full.value.body["error"]["type"] == "rate_limit_error" and "retry-after" in full.value.response.headers
    with pytest.raises(anthropic.BadRequestError, match="holds no picture") as bare:
        client.messages.create(model="any", max_tokens=9, messages=[{"role": "user", "content": "hello"}])
    assert bare.value.body["type"] == "error"
    with pytest.raises(anthropic.BadRequestError, match="max_tokens: is required"):
        client.post("/v1/messages", cast_to=object, body={"model": "any", "messages": [user("", png())]})
    with pytest.raises(anthropic.RateLimitError):
        ask(client, "fail=overloaded", stream=True)


def test_what_it_cannot_do_is_refused_by_name(client):
    tool = {"name": "f", "input_schema": {"type": "object"}}
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
    for more, name in (
        ({"tools": [tool]}, "tools"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2048}, "thinking"),
        ({"messages": [{"role": "user", "content": [document]}]}, "document"),
        ({"then": [{"role": "assistant", "content": "x"}, user("y", png())]}, r"messages\[1\]"),
    ):
        with pytest.raises(anthropic.BadRequestError, match=name):
            ask(client, "echo", **more)


def test_tokens_are_not_counted(client):
    with pytest.raises(anthropic.APIStatusError, match="usage") as refused:
        client.messages.count_tokens(model="any", messages=[user("x", png())])
    assert refused.value.status_code == 501


def test_a_true_caption(demo):
    picture = (EVENTS / "scene-1.png").read_bytes()
    wanted = {"model": "demo-llava-next", "max_tokens": 40, "messages": [user("Describe the picture.", picture)]}
    message = demo.messages.create(**wanted)
    assert message.content[0].text.startswith("three green stars at the top and two purple circles")
    assert message.usage.input_tokens > 50 and message.usage.output_tokens > 2
    with demo.messages.stream(**wanted) as stream:
        assert "".join(stream.text_stream) == message.content[0].text
    word = message.content[0].text.split()[2]
    stopped = demo.messages.create(**wanted, stop_sequences=[word])
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", word)


def test_two_pictures_a_beginning_and_more_tokens_than_there_are(demo):
    pictures = [(EVENTS / f"scene-{i}.png").read_bytes() for i in (1, 2)]
    beginning = {"role": "assistant", "content": "a"}
    messages = [user("What is shown?", *pictures), beginning]
    message = demo.messages.create(model="demo-llava-next", max_tokens=20_000, messages=messages)
    assert message.stop_reason in ("end_turn", "max_tokens")
    assert message.usage.output_tokens > 0
    with pytest.raises(anthropic.BadRequestError, match="one picture at a time"):
        demo.messages.create(model="demo-blip2", max_tokens=9, messages=[user("", *pictures)])
    with pytest.raises(anthropic.NotFoundError):
        demo.messages.create(model="claude-any", max_tokens=9, messages=[user("", pictures[0])])
