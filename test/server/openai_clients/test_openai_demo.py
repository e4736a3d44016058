"""OpenAI's own Python client against the demo models."""

import math
from typing import Literal

import openai
import pytest
from pydantic import BaseModel

from pictures import data_url
from serving import ROOT


def shown(prompt, *pictures):
    text = [{"type": "text", "text": prompt}] if prompt else []
    parts = [{"type": "image_url", "image_url": {"url": one}} for one in pictures]
    return [{"role": "user", "content": text + parts}]


@pytest.fixture(scope="module")
def demo(demo_server):
    with openai.OpenAI(base_url=demo_server + "/v1", api_key="none", max_retries=0, timeout=300) as made:
        yield made


@pytest.fixture(scope="module")
def scene():
    return data_url((ROOT / "test/events/scene-1.png").read_bytes())


def test_the_demo_model_describes_a_scene(demo, scene):
    models = [one.id for one in demo.models.list()]
    made = demo.chat.completions.create(model=models[0], messages=shown("", scene), logprobs=True)
    text = made.choices[0].message.content
    assert len(text.split()) > 3
    assert made.usage.prompt_tokens > 0 and made.usage.completion_tokens > 3
    tokens = made.choices[0].logprobs.content
    assert "".join(one.token for one in tokens).strip() in text and all(one.logprob <= 0 for one in tokens)
    with pytest.raises(openai.NotFoundError) as unknown:
        demo.chat.completions.create(model="gpt-4o", messages=shown("x", scene))
    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")


def test_a_demo_model_that_takes_one_picture_only(demo, scene):
    with pytest.raises(openai.BadRequestError) as refused:
        demo.chat.completions.create(model="demo-blip2", messages=shown("x", scene, scene))
    assert (refused.value.code, refused.value.param) == ("unsupported", "messages")
    made = demo.chat.completions.create(
        model="demo-llava-next", messages=shown("Describe.", scene, scene), max_tokens=9
    )
    assert made.choices[0].message.content


def test_the_demo_vectors_are_of_length_one(demo, scene):
    made = demo.embeddings.create(model="demo-clip", input=["a red circle", scene])
    assert all(math.isclose(sum(x * x for x in one.embedding), 1, abs_tol=1e-4) for one in made.data)
    assert made.usage.prompt_tokens > 2


class Judged(BaseModel):
    kind: Literal["photo", "drawing"]
    has_text: bool


def test_a_schema_binds_the_demo_model(demo, scene):
    asked = {"model": "demo-llava-next", "messages": shown("Describe.", scene), "response_format": Judged}
    assert isinstance(demo.chat.completions.parse(**asked).choices[0].message.parsed, Judged)
    with demo.chat.completions.stream(**asked) as stream:
        for _ in stream:
            pass
        assert isinstance(stream.get_final_completion().choices[0].message.parsed, Judged)
