"""Films in prompts of Qwen2.5-VL and Qwen3-VL against transformers, on random tiny models of both: features, captions,
and that the tests would find mistakes."""

import random
from dataclasses import replace

import pytest
import torch

from bundle_twin import pixels
from film_cases import CASES, COUNTS, PROMPTS, SEED, Case, draw_films, make_case, moved
from film_twin import film_pixels, film_ticks, grids_of
from parity.films import Film, describe_films, film_inputs, film_model
from parity.rounding import ROUNDING, apart
from slot_engine import Prompt, Request

NEW_WORDS = 24


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request, tmp_path_factory) -> Case:
    return make_case(tmp_path_factory, *request.param)


def features(case: Case, film: Film) -> torch.Tensor:
    """The reference's [N,Q,E]: what stands in the prompt, and beside it what the decoder's first layers add."""
    made, visual = film_inputs(case.snapshot, [film], "a"), film_model(case.snapshot).model.visual
    seen = visual(made["pixel_values_videos"], grid_thw=made["video_grid_thw"])
    joined = torch.cat([seen.pooler_output, *(getattr(seen, "deepstack_features", None) or [])], -1)
    return joined.unflatten(0, [int(made["video_grid_thw"][0, 0]), -1])


def test_features(case):
    for film in [*case.films, *draw_films(SEED), *draw_films(SEED + 1)]:
        found, expected = case.program.encode_frames(film_pixels(case.manifest, film)), features(case, film)
        assert found.shape == expected.shape
        assert apart(found, expected) < ROUNDING


def test_groups_do_not_see_each_other(case):
    for film in case.films:
        groups = film_pixels(case.manifest, film)
        together = case.program.encode_frames(groups)
        for one, found in zip(groups, together):
            assert apart(found, case.program.encode_frames(one[None])[0]) < ROUNDING


def test_a_picture_is_a_group_that_stands_still(case):
    for picture in case.pictures:
        still = pixels(case.manifest["image"], picture)
        found = case.program.encode_frames(torch.stack([still, still], 1))
        assert torch.equal(found, case.program.encode(still))


def test_pictures_need_no_ticks(case):
    prompt = case.prompt(case.pictures, PROMPTS[0])
    grids, ids = grids_of(case.manifest, case.pictures), torch.tensor(prompt.ids)
    assert torch.equal(case.program.place(ids, grids[:, :3]), prompt.places)


@pytest.fixture(scope="module")
def expected(case) -> list[list[int]]:
    return [describe_films(case.snapshot, *one, NEW_WORDS).tokens for one in case.work(case.films)]


def test_greedy_tokens_of_lone_rows(case, expected):
    assert sorted(len(film.frames) for film in case.films) == COUNTS
    engine = case.engine(slots=2)
    for one, tokens in zip(case.work(case.films), expected):
        assert engine.serve([Request(case.prompt(*one))], NEW_WORDS, 0, random.Random(0)) == [tokens]


@pytest.mark.parametrize("joins", ["together", "by chance"])
def test_greedy_tokens_with_neighbours(case, expected, joins):
    rng = random.Random(joins)
    when = {"together": lambda: 0, "by chance": lambda: rng.randrange(20)}[joins]
    requests = [Request(case.prompt(*one), when()) for one in case.work(case.films)]
    assert case.engine(slots=4).serve(requests, NEW_WORDS, 0, rng) == expected


def test_the_answer_has_the_prompts_ids(case):
    answer = describe_films(case.snapshot, case.films[:1], PROMPTS[0], 4)
    assert tuple(answer.ids) == case.prompt(case.films[:1], PROMPTS[0]).ids
    assert 1 <= len(answer.tokens) <= 4 and isinstance(answer.caption, str)


def swapped(case: Case, film: Film) -> Prompt:
    """The frames of each group in the wrong order."""
    frames = list(film.frames)
    for first in range(0, len(frames) - 1, 2):
        frames[first], frames[first + 1] = frames[first + 1], frames[first]
    return case.prompt([Film(frames, film.times, film.rate)], PROMPTS[0])


def one_after_another(case: Case, film: Film) -> Prompt:
    """Groups placed as pictures are."""
    prompt, image = case.prompt([film], PROMPTS[0]), case.manifest["text"]["image_token"]
    ids = torch.tensor(prompt.ids)
    ids[ids == case.manifest["film"]["token"]] = image
    return replace(prompt, places=case.program.place(ids, grids_of(case.manifest, [film])[:, :3]))


def at_one_time(case: Case, film: Film) -> Prompt:
    prompt = case.prompt([film], PROMPTS[0])
    places = case.program.place(torch.tensor(prompt.ids), grids_of(case.manifest, [film])[:, :3])
    return replace(prompt, places=places)


def right(case: Case, film: Film) -> Prompt:
    return case.prompt([film], PROMPTS[0])


def test_the_tests_would_find_mistakes(case):
    """Else they would prove little."""
    slow = [film for film in case.films if film.rate <= 2 and len(film.frames) > 2]
    assert len(slow) >= 2
    mistakes = [swapped, *([one_after_another, at_one_time] if case.family == "qwen2_5_vl" else [])]
    for film in slow:
        assert moved(case, film, right, right) == 0 and (max(film_ticks(case.manifest, film)) > 0) == (
            len(mistakes) > 1
        )
        for mistake in mistakes:
            assert moved(case, film, right, mistake) > 30 * ROUNDING, mistake.__name__


def test_the_captions_are_unlike_one_another(expected):
    """Else the tests above would prove little."""
    assert len({tuple(tokens) for tokens in expected}) >= 5
