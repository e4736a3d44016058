"""OpenAI's own Python client against the server: what it sends is understood, and it understands what it gets."""

import asyncio
import base64
import json

import httpx
import openai
import pytest
from pydantic import BaseModel

from pictures import data_url, png

PICTURE = data_url()


def shown(prompt, *pictures, **more):
    parts = [{"type": "image_url", "image_url": {"url": one}} for one in pictures or (PICTURE,)]
    return [{"role": "user", "content": [{"type": "text", "text": prompt}, *parts], **more}]


@pytest.fixture(scope="module")
def client(scripted_server):
    with openai.OpenAI(base_url=scripted_server + "/v1", api_key="none", max_retries=0) as made:
        yield made


def test_a_picture_is_described(client):
    made = client.chat.completions.create(model="scripted", messages=shown("text=a cat"))
    choice = made.choices[0]
    assert (choice.message.content, choice.message.role, choice.finish_reason) == ("a cat", "assistant", "stop")
    assert (made.object, made.model, made.system_fingerprint) == ("chat.completion", "scripted", "0")
    assert made.id.startswith("chatcmpl-") and made.created > 1_700_000_000
    assert (made.usage.prompt_tokens, made.usage.completion_tokens, made.usage.total_tokens) == (5, 1, 6)
    assert choice.logprobs is None


def test_the_options_arrive(client):
    made = client.chat.completions.create(
        model="demo-blip2",
        messages=[{"role": "system", "content": "told;"}, *shown("x", PICTURE, PICTURE)],
        max_completion_tokens=7,
        temperature=0.5,
        top_p=0.25,
        seed=3,
        stop=["."],
        user="someone",
        metadata={"a": "b"},
        extra_body={"top_k": 4},
    )
    asked = "pictures=2 model=demo-blip2 max_length=7 temperature=0.500000 top_p=0.250000 top_k=4 seed=3 stop=."
    assert made.choices[0].message.content == asked
    assert not made.model_extra.get("warnings")


def test_a_picture_may_be_a_string_and_its_part_untyped(scripted_server):
    body = {"messages": [{"content": [{"image_url": PICTURE}, {"text": "text=ok"}], "role": "user"}]}
    for path in ("/v1", "/openai/v1", "/v2/any/openai/v1"):
        answer = httpx.post(scripted_server + path + "/chat/completions", json=body)
        assert answer.status_code == 200 and answer.json()["choices"][0]["message"]["content"] == "ok", path


def test_an_unknown_field_is_a_warning(client):
    made = client.chat.completions.create(model="s", messages=shown("x"), extra_body={"colour": 1})
    assert made.model_extra["warnings"] == [{"field": "colour", "message": "unknown field, ignored"}]


def test_several_choices_and_their_logprobs(client):
    made = client.chat.completions.create(model="s", messages=shown("pieces=a| cat"), n=3, logprobs=True)
    assert [(one.index, one.message.content) for one in made.choices] == [(i, "a cat") for i in range(3)]
    assert made.usage.completion_tokens == 6
    tokens = made.choices[0].logprobs.content
    assert [(one.token, one.logprob, bytes(one.bytes)) for one in tokens] == [
        ("a", -0.5, b"a"),
        (" cat", -0.5, b" cat"),
    ]
    assert made.choices[1].logprobs is None


def test_the_length_ends_a_caption(client):
    made = client.chat.completions.create(model="s", messages=shown("length"))
    assert made.choices[0].finish_reason == "length"


def test_an_answer_that_was_begun_is_continued(client):
    messages = [*shown("pieces=a| cat"), {"role": "assistant", "content": "I see "}]
    assert client.chat.completions.create(model="s", messages=messages).choices[0].message.content == "a cat"
    pieces = client.chat.completions.create(model="s", messages=messages, stream=True)
    assert "".join(one.choices[0].delta.content or "" for one in pieces) == "a cat"


def test_a_stream_is_what_the_whole_answer_is(client):
    asked = {"model": "s", "messages": shown("pieces=a| cat|\N{CAT FACE};length"), "n": 2}
    chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert all(one.object == "chat.completion.chunk" and one.id == chunks[0].id for one in chunks)
    for index in (0, 1):
        choices = [choice for one in chunks for choice in one.choices if choice.index == index]
        assert "".join(one.delta.content or "" for one in choices) == "a cat\N{CAT FACE}"
        assert [one.finish_reason for one in choices if one.finish_reason] == ["length"]
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 6
    with client.chat.completions.stream(model="s", messages=shown("pieces=a| cat|\N{CAT FACE}")) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content == "a cat\N{CAT FACE}"


def test_words_about_a_film_are_streamed(client):
    film = {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,QUJD"}}
    messages = [{"role": "user", "content": [film, {"type": "text", "text": "pieces=a| cat| jumps"}]}]
    assert client.chat.completions.create(model="s", messages=messages).choices[0].message.content == "a cat jumps"
    chunks = client.chat.completions.create(model="s", messages=messages, stream=True)
    pieces = [one.choices[0].delta.content for one in chunks if one.choices[0].delta.content]
    assert "".join(pieces) == "a cat jumps" and len(pieces) == 3


def test_the_raw_stream_ends_as_openais_does(scripted_server):
    body = {"messages": shown("pieces=a|b"), "stream": True}
    answer = httpx.post(scripted_server + "/v1/chat/completions", json=body)
    assert answer.headers["content-type"] == "text/event-stream"
    lines = answer.text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    assert all("usage" not in json.loads(line[len("data: ") :]) for line in lines[:-2])


def test_the_asynchronous_client(scripted_server):
    async def ask():
        async with openai.AsyncOpenAI(base_url=scripted_server + "/v1", api_key="none") as client:
            whole = client.chat.completions.create(model="s", messages=shown("text=b"))
            stream = await client.chat.completions.create(model="s", messages=shown("pieces=a|b"), stream=True)
            text = "".join([one.choices[0].delta.content or "" async for one in stream])
            return (await whole).choices[0].message.content, text

    assert asyncio.run(ask()) == ("b", "ab")


class Seen(BaseModel):
    animal: str
    count: int


def test_a_structured_answer_is_parsed(client):
    made = client.chat.completions.parse(
        model="s", messages=shown('text={"animal":"cat","count":2}'), response_format=Seen
    )
    assert made.choices[0].message.parsed == Seen(animal="cat", count=2)


@pytest.mark.parametrize(
    ("format", "schema"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"type": "object"}),
        ({"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "array"}}}, {"type": "array"}),
    ],
)
def test_the_format_is_a_schema(client, format, schema):
    made = client.chat.completions.create(model="s", messages=shown("told"), response_format=format)
    _, _, told = made.choices[0].message.content.partition("schema=")
    assert (json.loads(told) if told else None) == schema


BAD = [
    ({"messages": [{"role": "user", "content": "hello"}]}, "missing_image", "messages"),
    ({"messages": shown("x", "ftp://x/y.png")}, "invalid_input", "messages[0].content[1].image_url.url"),
    ({"messages": [*shown("x"), {"role": "assistant", "content": "a"}, *shown("y")]}, "unsupported", "messages[1]"),
    ({"messages": [*shown("x"), {"role": "tool", "content": "a"}]}, "unsupported", "messages[1].role"),
    ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "unsupported", None),
    ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "unsupported", "tools"),
    ({"logit_bias": {"1": 2}}, "unsupported", "logit_bias"),
    ({"frequency_penalty": 0.5}, "unsupported", "frequency_penalty"),
    ({"logprobs": True, "top_logprobs": 2}, "unsupported", "top_logprobs"),
    ({"modalities": ["text", "audio"]}, "unsupported", "modalities"),
    ({"temperature": 2.5}, "invalid_input", "temperature"),
    ({"n": 17}, "invalid_input", "n"),
    ({"max_tokens": 0}, "invalid_input", "max_tokens"),
    ({"max_tokens": 3, "max_completion_tokens": 4}, "invalid_input", None),
    ({"response_format": {"type": "grammar"}}, "unsupported", "response_format.type"),
]


@pytest.mark.parametrize(("changes", "code", "param"), BAD)
def test_what_cannot_be_done_is_refused_by_name(client, changes, code, param):
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(**{"model": "s", "messages": shown("x"), **changes})
    error = refused.value
    assert (error.code, error.type) == (code, "invalid_request_error")
    assert error.param == param if param else error.param


def test_what_asks_for_nothing_is_not_refused(client):
    nothing = {"tools": [], "logit_bias": {}, "frequency_penalty": 0, "top_logprobs": 0, "modalities": ["text"]}
    assert client.chat.completions.create(model="s", messages=shown("text=ok"), **nothing).choices


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("fail=overloaded", openai.RateLimitError),
        ("fail=model_failed", openai.InternalServerError),
        ("fail=model_not_found", openai.NotFoundError),
    ],
)
def test_a_failure_has_its_status_streamed_or_not(client, prompt, kind):
    for stream in (False, True):
        with pytest.raises(kind):
            client.chat.completions.create(model="s", messages=shown(prompt), stream=stream)


def test_a_failure_on_the_way_ends_the_stream(client):
    pieces = []
    with pytest.raises(openai.APIError, match="failed on the way") as failed:
        for one in client.chat.completions.create(
            model="s", messages=shown("pieces=a|b;broken=model_failed"), stream=True
        ):
            pieces.append(one.choices[0].delta.content)
    assert pieces == ["", "a", "b"] and failed.value.code == "model_failed"


def test_a_model_without_a_name_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(model="", messages=shown("x"))
    assert refused.value.code == "model_not_found"


def test_the_models_are_listed(client):
    models = {one.id: one for one in client.models.list()}
    assert {"demo-blip2", "demo-clip"} <= models.keys()
    assert client.models.retrieve("demo-clip").kind == "embedder"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4o")


def test_vectors_of_texts_and_pictures(client):
    made = client.embeddings.create(model="s", input=["a cat", PICTURE, "a dog"])
    assert [one.index for one in made.data] == [0, 1, 2]
    assert made.data[1].embedding == pytest.approx([0.6, 0.8])
    assert (made.model, made.usage.prompt_tokens, made.usage.total_tokens) == ("scripted", 10, 10)
    plain = client.embeddings.create(model="s", input="a cat", encoding_format="float", dimensions=2)
    assert plain.data[0].embedding == [0.6, 0.8]
    objects = client.embeddings.create(model="s", input=[{"image": base64.b64encode(png()).decode()}, {"text": "x"}])
    assert len(objects.data) == 2


@pytest.mark.parametrize(
    ("asked", "code", "param"),
    [
        ({"input": [1, 2]}, "unsupported", "input[0]"),
        ({"input": [[1, 2]]}, "unsupported", "input[0]"),
        ({"input": ""}, "invalid_input", "input"),
        ({"input": []}, "invalid_input", "input"),
        ({"input": "a", "dimensions": 3}, "unsupported", "dimensions"),
        ({"input": "a", "encoding_format": "hex"}, "invalid_input", "encoding_format"),
        ({"input": [{"image": "https://x", "text": "a"}]}, "invalid_input", "input[0]"),
    ],
)
def test_vectors_that_cannot_be_made(client, asked, code, param):
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(**{"model": "s", "encoding_format": "float", **asked})
    assert (refused.value.code, refused.value.param) == (code, param)
