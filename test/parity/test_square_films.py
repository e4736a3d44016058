"""Films whose frames are all one square, in prompts of LLaVA-NeXT-Video and Video-LLaVA against transformers, on random
tiny models: pixels, ids, features, captions, and that the tests would find mistakes. Pictures of the former are among
those of test_llava_next.py, those of the latter in test_video_llava.py."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import LlavaNextVideoVideoProcessor, VideoLlavaVideoProcessor

from bundle_twin import cropped
from film_cases import PROMPTS, SEED, Case, draw_film, draw_films, make_case, moved
from film_twin import film_pixels, prompt_ids
from parity.films import Film, describe_films, film_inputs, film_model
from parity.rounding import ROUNDING, apart
from pictures import draw_picture
from slot_engine import Prompt, Request, draw_parts

SEEDS = [2, 3, 5]  # of LLaVA-NeXT-Video even: Mistral, odd: Llama
CASES = [(family, seed) for family in ("llava_next_video", "video_llava") for seed in SEEDS]
NEW_WORDS = 24


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request, tmp_path_factory) -> Case:
    return make_case(tmp_path_factory, *request.param)


def lone_frame(seed: int) -> Film:
    return draw_film(random.Random(seed), 1, 1.0)


def work(case: Case, films: list[Film]) -> list[tuple[list, str]]:
    """What the reference can be asked: with pictures first, since some chat templates write them so, whatever stands
    where; and two films in one prompt are equally long."""
    return [(in_order(seen), prompt) for seen, prompt in [*case.work(films), ([lone_frame(1)], PROMPTS[0])]]


def in_order(seen: list) -> list:
    films = [one for one in seen if isinstance(one, Film)]
    shortest = min((len(film.frames) for film in films), default=0)
    pictures = [one for one in seen if not isinstance(one, Film)]
    return pictures + [Film(film.frames[:shortest], film.times[:shortest], film.rate) for film in films]


def test_pixels_are_bit_equal(case):
    rng = random.Random(SEED)
    films = [*draw_films(SEED), *(draw_film(rng, rng.randint(1, 9), 1.0) for _ in range(12))]
    for film in films:
        expected = film_inputs(case.snapshot, [film], "a")["pixel_values_videos"]
        assert torch.equal(film_pixels(case.manifest, film)[:, 0], expected[0])


# Portrait, landscape, odd sides, smaller than a frame, and strips.
SIZES = [(640, 480), (480, 640), (1920, 1080), (1080, 1921), (336, 336), (337, 335), (99, 31), (5, 7), (300, 30)]


@pytest.mark.parametrize("kind, side", [(LlavaNextVideoVideoProcessor, 336), (VideoLlavaVideoProcessor, 224)])
@pytest.mark.parametrize("width, height", SIZES)
def test_pixels_of_the_real_recipe(kind, side, width, height):
    """LLaVA-NeXT-Video's class has 224, too; the size of the snapshot counts."""
    sizes = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
    rng = np.random.default_rng(1)
    frames = torch.from_numpy(np.stack([np.array(draw_picture(rng, width, height)) for _ in range(2)]))
    frames = frames.permute(0, 3, 1, 2).contiguous()
    processor = kind(**sizes)
    expected = processor([frames], return_tensors="pt", do_normalize=False, do_rescale=False)["pixel_values_videos"]
    assert torch.equal(cropped(frames, [side, side], {"shortest_edge": side}), expected[0])


def test_the_prompts_ids_are_the_references(case):
    for seen, prompt in work(case, draw_films(SEED)):
        expected = film_inputs(case.snapshot, seen, prompt)["input_ids"][0]
        assert torch.equal(prompt_ids(case.bundle, seen, prompt), expected)


def features(case: Case, film: Film) -> torch.Tensor:
    """The reference's [F,Q,E]"""
    made, model = film_inputs(case.snapshot, [film], "a"), film_model(case.snapshot)
    seen = model.model.get_video_features(made["pixel_values_videos"], **settings_of(model)).pooler_output
    return seen[0] if case.family == "llava_next_video" else seen


def settings_of(model) -> dict:
    """Video-LLaVA keeps the class token of frames, whatever the strategy."""
    names = ("vision_feature_layer", "vision_feature_select_strategy")
    return {name: getattr(model.config, name) for name in names[: 1 if model.config.model_type == "video_llava" else 2]}


def test_features(case):
    for film in [*case.films, *draw_films(SEED), lone_frame(SEED)]:
        found, expected = case.program.encode_frames(film_pixels(case.manifest, film)), features(case, film)
        assert found.shape == expected.shape
        assert found.shape[1] == case.manifest["film"]["group_tokens"]
        assert apart(found, expected) < ROUNDING


def test_frames_do_not_see_each_other(case):
    for film in case.films:
        frames = film_pixels(case.manifest, film)
        for one, found in zip(frames, case.program.encode_frames(frames)):
            assert apart(found, case.program.encode_frames(one[None])[0]) < ROUNDING


@pytest.fixture(scope="module")
def expected(case) -> list[list[int]]:
    return [describe_films(case.snapshot, *one, NEW_WORDS).tokens for one in work(case, case.films)]


def test_greedy_tokens_of_lone_rows(case, expected):
    engine = case.engine(slots=2)
    for one, tokens in zip(work(case, case.films), expected):
        assert engine.serve([Request(case.prompt(*one))], NEW_WORDS, 0, random.Random(0)) == [tokens]


def test_greedy_tokens_with_neighbours(case, expected):
    rng = random.Random(SEED)
    requests = [Request(case.prompt(*one), rng.randrange(20)) for one in work(case, case.films)]
    assert case.engine(slots=4).serve(requests, NEW_WORDS, 0, rng) == expected


def test_films_read_in_parts(case):
    """As a step beside running captions reads them."""
    rng = random.Random(case.films[0].times[0])
    whole, parts = case.engine(slots=5), case.engine(slots=5)
    for slot, film in enumerate(case.films):
        prompt = case.prompt([film], PROMPTS[0])
        found = parts.prefill_in_parts(prompt, slot, draw_parts(prompt.size(0), rng))
        assert apart(found, whole.prefill([prompt], [slot])) < ROUNDING
    assert apart(parts.k_cache, whole.k_cache) < ROUNDING


def right(case: Case, film: Film) -> Prompt:
    return case.prompt([film], PROMPTS[0])


def swapped(case: Case, film: Film) -> Prompt:
    return case.prompt([Film(film.frames[::-1], film.times, film.rate)], PROMPTS[0])


def with_features(case: Case, film: Film, made: torch.Tensor) -> Prompt:
    prompt = right(case, film)
    return replace(prompt, embeds=case.program.embed(torch.tensor(prompt.ids), made.flatten(0, 1)))


def not_pooled(case: Case, film: Film) -> Prompt:
    """Each placeholder the first of its patches."""
    seen = case.program.encode(film_pixels(case.manifest, film)[:, 0])
    side = round(seen.size(1) ** 0.5)
    return with_features(case, film, seen.unflatten(1, (side, side))[:, ::2, ::2].flatten(1, 2))


def pooled_behind_the_projector(case: Case, film: Film) -> Prompt:
    seen = case.program.encode(film_pixels(case.manifest, film)[:, 0])
    side = round(seen.size(1) ** 0.5)
    grid = seen.transpose(1, 2).unflatten(2, (side, side))
    return with_features(case, film, torch.nn.functional.avg_pool2d(grid, 2).flatten(2).transpose(1, 2))


def through_the_other_tower(case: Case, film: Film) -> Prompt:
    """With the right class token."""
    frames = film_pixels(case.manifest, film)
    first = case.program.encode_frames(frames)[:, :1]
    return with_features(case, film, torch.cat([first, case.program.encode(frames[:, 0])], 1))


def without_class_tokens(case: Case, film: Film) -> Prompt:
    """Each frame the class token's place filled with its first patch."""
    seen = case.program.encode_frames(film_pixels(case.manifest, film))[:, 1:]
    return with_features(case, film, torch.cat([seen[:, :1], seen], 1))


MISTAKES = {
    "llava_next_video": [swapped, not_pooled, pooled_behind_the_projector],
    "video_llava": [swapped, through_the_other_tower, without_class_tokens],
}


def test_the_tests_would_find_mistakes(case):
    """Else they would prove little."""
    for film in case.films:
        assert moved(case, film, right, right) == 0
        for mistake in MISTAKES[case.family]:
            assert moved(case, film, right, mistake) > 30 * ROUNDING


def test_positions_stand_closer_where_the_config_says_so(tmp_path_factory):
    """Else the rope's scaling would be tested by no model."""
    cases = [make_case(tmp_path_factory, "llava_next_video", seed) for seed in SEEDS]
    kinds = {film_model(case.snapshot).config.text_config.rope_parameters["rope_type"] for case in cases}
    assert "linear" in kinds


def test_the_captions_are_unlike_one_another(expected):
    """Else the tests above would prove little."""
    assert len({tuple(tokens) for tokens in expected}) >= 5
