"""OpenAI's Responses API by OpenAI's own Python client."""

import openai
import pytest
from pydantic import BaseModel

from pictures import data_url

PICTURE = data_url()


def asked(prompt, picture=PICTURE):
    parts = [{"type": "input_text", "text": prompt}, {"type": "input_image", "image_url": picture, "detail": "auto"}]
    return {"model": "scripted", "input": [{"role": "user", "content": parts}]}


@pytest.fixture(scope="module")
def client(scripted_server):
    with openai.OpenAI(base_url=scripted_server + "/v1", api_key="none", max_retries=0) as made:
        yield made


def test_a_picture_is_described(client):
    made = client.responses.create(**asked("text=a cat"), store=False)
    assert (made.output_text, made.status, made.object, made.model) == ("a cat", "completed", "response", "scripted")
    assert (made.usage.input_tokens, made.usage.output_tokens, made.usage.total_tokens) == (5, 1, 6)
    assert made.output[0].content[0].annotations == []
    assert made.store is False and made.error is None and made.incomplete_details is None


def test_a_picture_may_be_an_object(client):
    made = client.responses.create(**asked("text=a cat", {"url": PICTURE, "detail": "low"}))
    assert made.output_text == "a cat"


def test_instructions_come_before_the_question(client):
    made = client.responses.create(
        **asked("x"), instructions="told;", max_output_tokens=9, temperature=0.5, top_p=0.5, reasoning={"effort": "low"}
    )
    assert made.output_text == "pictures=1 model=scripted max_length=9 temperature=0.500000 top_p=0.500000"
    assert (made.instructions, made.max_output_tokens) == ("told;", 9)


def test_an_answer_that_was_cut_short_is_incomplete(client):
    made = client.responses.create(**asked("length"))
    assert (made.status, made.incomplete_details.reason) == ("incomplete", "max_output_tokens")


class Seen(BaseModel):
    animal: str


def test_a_structured_answer_is_parsed(client):
    made = client.responses.parse(**asked('text={"animal":"cat"}'), text_format=Seen)
    assert made.output_parsed == Seen(animal="cat")
    assert made.text.format.type == "json_schema"


def test_a_stream_has_typed_events(client):
    with client.responses.stream(**asked("pieces=a| cat")) as stream:
        events = list(stream)
        assert stream.get_final_response().output_text == "a cat"
    assert [one.type for one in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [one.sequence_number for one in events] == list(range(len(events)))
    plain = client.responses.create(**asked("pieces=a| cat"), stream=True)
    assert "".join(one.delta for one in plain if one.type == "response.output_text.delta") == "a cat"


def test_a_failure_on_the_way_is_an_event(client):
    events = list(client.responses.create(**asked("pieces=a;broken=model_failed"), stream=True))
    assert (events[-1].type, events[-1].code, events[-1].message[:17]) == ("error", "model_failed", "failed on the way")


def test_logprobs_are_included_where_asked_for(client):
    made = client.responses.create(**asked("pieces=a| cat"), include=["message.output_text.logprobs"])
    assert [one.token for one in made.output[0].content[0].logprobs] == ["a", " cat"]


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"store": True}, "unsupported", "store"),
        ({"previous_response_id": "resp_1"}, "unsupported", "previous_response_id"),
        ({"background": True}, "unsupported", "background"),
        ({"tools": [{"type": "web_search"}]}, "unsupported", "tools"),
        ({"input": "hello"}, "missing_image", "input"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "unsupported", "input[0].type"),
        ({"max_output_tokens": 0}, "invalid_input", "max_output_tokens"),
        ({"text": {"format": {"type": "grammar"}}}, "unsupported", "text.format.type"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(client, changes, code, param):
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(**{**asked("x"), **changes})
    assert (refused.value.code, refused.value.param) == (code, param)


def test_a_file_that_nobody_has_is_refused(client):
    part = {"type": "input_image", "file_id": "file-1", "detail": "auto"}
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="s", input=[{"role": "user", "content": [part]}])
    assert refused.value.param == "input[0].content[0].file_id"
