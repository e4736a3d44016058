"""The options of a caption, from the JSON of a job to the JSON of its answer, with the demo models."""

import json
import re

import pytest

from conftest import ROOT, run_input, vignette

TRUE = "three green stars at the top and two purple circles at the bottom on a white background"
LLAVA = {"model": "demo-llava-next"}


@pytest.fixture
def scene(scene):
    return {"data_url": scene["data_url"]}  # an own prompt is asked instead of a preset's


def answer(scene, **options):
    outcome = run_input({**scene, **options})
    assert outcome.code == 0, outcome.stdout
    return outcome.json


@pytest.mark.parametrize("preset", ["alt_text", "one_sentence", "detailed"])
def test_a_preset_gives_a_true_caption(scene, preset):
    result = answer(scene, preset=preset, **LLAVA)
    assert (result["caption"], result["model_info"]["preset"]) == (TRUE, preset)
    assert len(result["caption"]) <= 125


def test_the_production_brief_tells_what_the_frame_is_made_of(scene):
    brief = answer(scene, preset="production", **LLAVA)["caption"]
    parts = dict(part.split(": ") for part in brief.split("; "))
    assert parts["framing"] == "square" and parts["background"] == "white" and parts["text"] == "none"
    assert parts["colours"] == "green and purple"


def test_tags_are_a_list(scene):
    result = answer(scene, preset="tags", **LLAVA)
    assert {"green", "stars", "purple", "circles"} <= set(result["tags"])
    assert result["caption"] == ", ".join(result["tags"])


def test_what_a_plain_captioner_cannot_do_is_said(scene):
    (warning,) = answer(scene, preset="tags")["warnings"]
    assert warning["field"] == "input.preset"
    error = run_input({**scene, "preset": "production"}).error
    assert (error["code"], error["field"]) == ("unsupported", "input.preset")


def test_a_schema_is_kept_to(scene):
    schema = {
        "type": "object",
        "properties": {"count": {"enum": ["one", "two", "three"]}, "text": {"type": "boolean"}},
        "required": ["count", "text"],
        "additionalProperties": False,
    }
    result = answer(scene, schema=schema, prompt="How many circles are there?", **LLAVA)
    assert json.loads(result["caption"]) == result["json"]
    assert set(result["json"]) == {"count", "text"} and isinstance(result["json"]["text"], bool)


def test_a_stop_string_ends_a_caption_before_it_begins(scene):
    result = answer(scene, stop=["at the b", "zzz"])
    assert (result["caption"], result["finish_reason"]) == (
        "three green stars at the top and two purple circles",
        "stop",
    )


def test_a_prefix_is_how_the_caption_begins(scene):
    caption = answer(scene, prefix="two blue", **LLAVA)["caption"]
    assert re.match("two blue [a-z]+ ", caption)


def test_the_seed_of_an_answer_draws_it_again(scene):
    drawn = answer(scene, temperature=3, n=3)
    again = answer(scene, temperature=3, n=3, seed=drawn["model_info"]["seed"])
    assert len(drawn["captions"]) == 3
    assert [one["caption"] for one in again["captions"]] == [one["caption"] for one in drawn["captions"]]


def test_n_of_beams_are_the_best_in_order(scene):
    result = answer(scene, n=3, logprobs=True, return_tokens=True)
    scores = [one["score"] for one in result["captions"]]
    assert scores == sorted(scores, reverse=True)
    assert result["captions"][0]["caption"] == result["caption"] == TRUE
    assert [one["token"] for one in result["logprobs"]] == result["tokens"]
    assert 0 < result["confidence"]["min"] <= result["confidence"]["mean"] <= 1


def test_forbidden_words_are_not_said(scene):
    caption = answer(scene, bad_words=["green", "purple"], num_beams=1)["caption"]
    assert not {"green", "purple"} & set(caption.split())


def test_a_caption_that_was_cut_ends_with_a_word(scene):
    result = answer(scene, preset="one_sentence", max_length=8, min_length=0, num_beams=1)
    assert result["finish_reason"] == "length"
    assert TRUE.startswith(result["caption"])
    assert TRUE[len(result["caption"])] == " "


def test_the_command_line_knows_the_wishes_too():
    outcome = vignette(
        "caption", "--n", "2", "--stop", " and", "--preset", "alt_text", "test/events/scene-1.png", cwd=ROOT
    )
    lines = outcome.stdout.splitlines()
    assert len(lines) == 2
    assert lines[0] == "test/events/scene-1.png: three green stars at the top"
