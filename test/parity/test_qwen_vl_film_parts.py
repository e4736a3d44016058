"""What comes before the program for films of Qwen-VL: sizes, pixels, timestamps, ticks, ids. Equal to the reference to
the last bit, for films that are new in each run."""

import random
import sys

import numpy as np
import pytest
import torch

from export.families.qwen_vl import place_tokens
from export.parts.qwen_vision import patchify
from film_cases import CASES, SEED, Case, draw_film, draw_films, make_case
from film_twin import film_pixels, film_size, pixels_most, prompt_ids, seconds_of, size_of, text_of, ticks_of
from parity import reference
from parity.films import film_inputs, film_model, film_places, film_processor, mended_rope_index

PUBLISHED = {"qwen2_5_vl": (28, 3136, 12845056), "qwen3_vl": (32, 4096, 25165824)}  # cell, least, most


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request, tmp_path_factory) -> Case:
    return make_case(tmp_path_factory, *request.param)


def check_pixels(case: Case, films: list, tokens_max: int) -> None:
    patch = reference.load_config(str(case.snapshot)).vision_config.patch_size
    manifest = case.manifest | {"film": case.manifest["film"] | {"tokens_max": tokens_max}}
    for film in films:
        made, found = film_inputs(case.snapshot, [film], "a", tokens_max), film_pixels(manifest, film)
        assert torch.equal(patchify(found, patch, 2).flatten(0, 1), made["pixel_values_videos"])
        assert made["video_grid_thw"].tolist() == [[len(found), *(side // patch for side in found.shape[3:])]]


def test_pixels_are_bit_equal(case):
    """In the reference's order of patches."""
    rng = random.Random(SEED)
    films = [*draw_films(SEED), *(draw_film(rng, rng.randint(2, 9), 1.0) for _ in range(12))]
    check_pixels(case, films, case.manifest["film"]["tokens_max"])


@pytest.mark.parametrize("tokens_max", [6, 11])
def test_pixels_within_our_own_bound(case, tokens_max):
    check_pixels(case, draw_films(SEED), tokens_max)


def test_the_bound_on_placeholders_makes_films_smaller(case):
    film, part, patch = case.films[-1], case.manifest["film"], case.manifest["image"]["patch"]
    tight = part | {"tokens_max": 8}
    assert pixels_most(tight, 8, patch) < pixels_most(part, 8, patch) == part["pixels_max"]
    assert np.prod(size_of(case.manifest | {"film": tight}, film)) < np.prod(size_of(case.manifest, film))


def test_sizes_within_the_published_bounds(case):
    """Of frames as cameras make them, and odd ones."""
    smart_resize = sys.modules[type(film_processor(str(case.snapshot)).video_processor).__module__].smart_resize
    rng, whole = random.Random(SEED), case.family == "qwen3_vl"
    patch, least, most = PUBLISHED[case.family]
    part = {"pixels_max": most, "tokens_max": 2048, "pixels_of": "film" if whole else "frame"}
    for _ in range(5000):
        frames, height, width = rng.randint(2, 64), rng.randint(8, 2200), rng.randint(8, 2200)
        if max(height, width) > 150 * min(height, width):
            continue
        bound = pixels_most(part, frames, patch)
        counted = [frames] if whole else []
        expected = smart_resize(*counted, height, width, factor=patch, min_pixels=least, max_pixels=bound)
        assert film_size(frames, height, width, patch, least, bound, whole) == expected


def test_the_prompts_ids_are_the_references(case):
    """Timestamps among them."""
    for seen, prompt in case.work(draw_films(SEED)):
        expected = film_inputs(case.snapshot, seen, prompt)["input_ids"][0]
        assert torch.equal(prompt_ids(case.bundle, seen, prompt), expected)


def test_timestamps(case):
    if case.family == "qwen2_5_vl":
        assert text_of(case.manifest, case.films[1]) == "<|vision_start|><|video_pad|><|video_pad|><|vision_end|>"
        return
    rng, processor = random.Random(SEED), film_processor(str(case.snapshot))
    for _ in range(500):
        rate, count = rng.choice([23.976, 24.0, 25.0, 29.97, 30.0, 60.0, 12.5]), rng.randint(2, 20)
        indices = sorted(rng.sample(range(5000), count))
        expected = processor._calculate_timestamps(list(indices), rate, 2)
        found = seconds_of([index / rate for index in indices])
        assert [f"{time:.1f}" for time in found] == [f"{time:.1f}" for time in expected]


def test_places_are_the_references(case):
    for seen, prompt in case.work(draw_films(SEED)):
        expected, behind = film_places(case.snapshot, film_inputs(case.snapshot, seen, prompt))
        found = case.prompt(seen, prompt)
        assert torch.equal(found.places, expected) and found.behind == behind


def told_of_film(groups: int, seconds: float) -> dict:
    """What get_rope_index is told of a film of one cell a group, with words around."""
    ids = torch.zeros(1, groups + 4, dtype=torch.int64)
    types = torch.tensor([[0, 0, *[2] * groups, 0, 0]])
    grid, seconds_per_grid = torch.tensor([[groups, 2, 2]]), torch.tensor([seconds])
    return {
        "input_ids": ids,
        "mm_token_type_ids": types,
        "video_grid_thw": grid,
        "second_per_grid_ts": seconds_per_grid,
    }


def test_ticks(case):
    """The installed reference has them right for whole seconds; for others the rule of the fix counts."""
    if case.family != "qwen2_5_vl":
        assert case.manifest["film"]["ticks_per_second"] == 0 and ticks_of(4, 0.7, 0) == [0] * 4
        return
    model, rng = film_model(case.snapshot).model, random.Random(SEED)
    a_second = case.manifest["film"]["ticks_per_second"]
    for seconds in (1.0, 2.0, 3.0, 4.0, 10.0):
        told = told_of_film(9, seconds)
        places, _ = type(model).get_rope_index(model, **told)
        assert (places[0, 0, 2:11] - 2).tolist() == ticks_of(9, seconds, a_second)
        assert torch.equal(places[..., :11], mended_rope_index(model, **told)[0][..., :11])
    for _ in range(300):
        seconds = 2 / rng.choice([rng.uniform(0.2, 60), rng.randint(1, 400) / 8])
        places, behind = mended_rope_index(model, **told_of_film(100, seconds))
        ticks = ticks_of(100, seconds, a_second)
        assert (places[0, 0, 2:102] - 2).tolist() == ticks
        assert places[:, 0, 102:].tolist() == [[2 + ticks[-1] + 1, 2 + ticks[-1] + 2]] * 3
        assert int(behind) == places.max() + 1 - 104


def test_ticks_where_the_installed_reference_has_others(case):
    assert ticks_of(5, 0.5, 2) == [0, 1, 2, 3, 4]
    assert ticks_of(5, 0.75, 2) == [0, 1, 3, 4, 6]
    assert ticks_of(7, 2 / 24, 2) == [0, 0, 0, 0, 0, 0, 1]
    assert ticks_of(4, 0.7, 25) == [0, 17, 35, 52]
    # In float32: these would be 32 and 31 in double.
    assert ticks_of(42, 2 / 5.125, 2)[-1] == 31 and ticks_of(50, 2 / 6.125, 2)[-1] == 32
    if case.family == "qwen2_5_vl":
        model = film_model(case.snapshot).model
        flat, _ = type(model).get_rope_index(model, **told_of_film(5, 0.5))
        assert flat[0, 0, 2:7].tolist() == [2] * 5  # when this fails, parity/films.py may ask it as it is


def test_words_behind_a_film_stand_behind_all_of_it(case):
    """As transformers placed them until 5.2: the numbers are those of huggingface/transformers#45381."""
    ids = torch.tensor([0] * 15 + [7] * 6 + [0] * 3)
    ticks = [0, 166, 332]
    grids = torch.tensor([[2, 8, 4, tick] for tick in ticks])
    places = place_tokens(ids, grids, 6, 7, 4)
    assert places[0, 15:21].tolist() == [15 + tick for tick in ticks for _ in range(2)]
    assert places[:, 21:].tolist() == [[348, 349, 350]] * 3
    assert place_tokens(ids, grids[:, :3], 6, 7, 4)[:, 21:].tolist() == [[17, 18, 19]] * 3  # Qwen3-VL: words tell it
    if case.family == "qwen2_5_vl":
        model = film_model(case.snapshot).model
        places, _ = type(model).get_rope_index(model, **told_of_film(5, 10.0))
        assert places[0, 0, 7:].tolist() == [3, 4]  # when this fails, parity/films.py may ask it as it is
