"""The programs and manifests of Qwen2.5-VL and Qwen3-VL against transformers, on random tiny models of both."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bundle_twin import fitting, picture_tokens, pixels, prompt_ids, prompt_of
from export.__main__ import main as export_main
from export.parts.qwen_vision import patchify, stand_still
from exporting import export_half
from parity import reference
from parity.rounding import ROUNDING, apart
from pictures import draw_picture, draw_pictures, draw_sizes
from slot_engine import Prompt, Request, SlotEngine, draw_parts, load_program, read_manifest
from tiny_models import MAKERS

FAMILIES = ["qwen2_5_vl", "qwen3_vl"]
SEEDS = [2, 3, 5]
PROMPTS = ["a photo of", "", "Question: how many? Answer:"]
PICTURES = 4
SIZES_A_MODEL = 40

torch.set_num_threads(1)
torch._C._jit_set_profiling_mode(False)  # as the C++ side runs it
torch.set_grad_enabled(False)


class Case:
    def __init__(self, folder: Path, family: str, seed: int) -> None:
        self.family, self.seed = family, seed
        self.snapshot = MAKERS[family](folder / "snapshot", seed)
        self.bundle = folder / "bundle"
        assert export_main([str(self.snapshot), str(self.bundle)]) == 0
        self.program = load_program(self.bundle)
        self.manifest = read_manifest(self.bundle)
        self.pictures = draw_pictures(PICTURES, seed)

    def prompt(self, pictures: list, prompt: str) -> Prompt:
        return prompt_of(self.bundle, self.program, pictures, prompt)

    def engine(self, slots: int) -> SlotEngine:
        return SlotEngine(self.bundle, self.program, slots)

    def work(self, rng: random.Random) -> list[tuple[list, str]]:
        """Prompts of one to three pictures."""
        work = [([picture], prompt) for picture in self.pictures for prompt in PROMPTS]
        return work + [(rng.sample(self.pictures, count), PROMPTS[0]) for count in (2, 3)]


@pytest.fixture(scope="module", params=[(f, s) for f in FAMILIES for s in SEEDS], ids=str)
def case(request, tmp_path_factory) -> Case:
    return Case(tmp_path_factory.mktemp("model"), *request.param)


def draw_odd(case: Case, count: int) -> list:
    rng = np.random.default_rng(case.seed)
    sizes = [size for size in draw_sizes(count + 6, case.seed) if max(size) <= 60 * min(size)]
    return [draw_picture(rng, *size) for size in sizes]


def test_pixels_are_bit_equal(case):
    """In the reference's order of patches."""
    vision = reference.load_config(str(case.snapshot)).vision_config
    for picture in draw_odd(case, SIZES_A_MODEL):
        expected = reference.pixel_values(case.snapshot, picture)
        found = patchify(stand_still(pixels(case.manifest["image"], picture), 2), vision.patch_size, 2)[0]
        assert torch.equal(found, expected), picture.size


def test_the_prompts_ids_are_the_references(case):
    for count, prompt in zip([1, 2, 3], PROMPTS):
        pictures = case.pictures[:count]
        expected = reference.make_inputs(case.snapshot, pictures, prompt)["input_ids"][0]
        assert torch.equal(prompt_ids(case.bundle, pictures, prompt), expected)


def features(case: Case, picture) -> torch.Tensor:
    """The reference's: what stands in the prompt, and beside it what the decoder's first layers add."""
    model, made = reference.load_model(str(case.snapshot)), reference.make_inputs(case.snapshot, picture, "a")
    seen = model.model.visual(made["pixel_values"], grid_thw=made["image_grid_thw"])
    return torch.cat([seen.pooler_output, *(getattr(seen, "deepstack_features", None) or [])], -1)


def test_features(case):
    for picture in draw_odd(case, 20):
        found = case.program.encode(pixels(case.manifest["image"], picture))
        expected = features(case, picture)
        assert found.shape == (1, *expected.shape) == (1, picture_tokens(case.manifest, picture), expected.shape[1])
        assert apart(found[0], expected) < ROUNDING, picture.size


def test_pictures_of_one_size_go_through_together(case):
    rng, image = np.random.default_rng(case.seed), case.manifest["image"]
    for width, height in [(90, 61), (40, 40), (130, 33)]:
        made = [pixels(image, draw_picture(rng, width, height)) for _ in range(3)]
        together = case.program.encode(torch.cat(made))
        for one, found in zip(made, together):
            assert apart(found, case.program.encode(one)[0]) < ROUNDING


def test_places_are_the_references(case):
    model = reference.load_model(str(case.snapshot)).model
    for pictures, prompt in [*case.work(random.Random(1)), *(([one], "a") for one in draw_odd(case, 20))]:
        made = reference.make_inputs(case.snapshot, pictures, prompt)
        expected, behind = model.get_rope_index(
            made["input_ids"], made["mm_token_type_ids"], image_grid_thw=made["image_grid_thw"]
        )
        found = case.prompt(pictures, prompt)
        assert torch.equal(found.places, expected[:, 0]) and found.behind == int(behind)


def test_no_picture_takes_more_rows_than_the_slot_has(case):
    generation, positions = case.manifest["generation"], case.manifest["cache"]["positions"]
    room = positions - generation["max_length_limit"] - 1
    sizes = [*draw_sizes(300, case.seed), (200, 1), (1, 200), (2000, 10), (10, 2000), (999, 998)]
    for width, height in sizes:
        if max(width, height) <= 200 * min(width, height):
            picture = type("Size", (), {"width": width, "height": height})
            assert picture_tokens(case.manifest, picture) <= room


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_tokens_of_lone_rows(case, prompt):
    expected = reference.generate_reference(case.snapshot, case.pictures, prompt, 24, 3)
    engine = case.engine(slots=2)
    for picture, tokens in zip(case.pictures, expected):
        request = Request(case.prompt([picture], prompt))
        assert engine.serve([request], 24, 3, random.Random(0)) == [tokens]


@pytest.mark.parametrize("joins", ["together", "one by one", "by chance"])
def test_greedy_tokens_with_neighbours(case, joins):
    """Ragged prompts of one to three pictures."""
    rng = random.Random(joins)
    work = case.work(rng)
    expected = [reference.generate_reference(case.snapshot, [pictures], prompt, 24)[0] for pictures, prompt in work]
    when = {"together": lambda i: 0, "one by one": lambda i: i, "by chance": lambda i: rng.randrange(20)}[joins]
    requests = [Request(case.prompt(*one), when(i)) for i, one in enumerate(work)]
    assert case.engine(slots=4).serve(requests, 24, 0, rng) == expected


def not_behind(prompt: Prompt, width: int) -> Prompt:
    """The new words turn by their positions."""
    return type("NotBehind", (Prompt,), {"behind": 0})(prompt.embeds, prompt.places, prompt.ids)


def flat(prompt: Prompt, width: int) -> Prompt:
    return replace(prompt, places=torch.arange(prompt.size(0)).expand(3, -1))


def turned_round(prompt: Prompt, width: int) -> Prompt:
    """Rows for columns."""
    return replace(prompt, places=prompt.places[[0, 2, 1]])


def shallow(prompt: Prompt, width: int) -> Prompt:
    embeds = prompt.embeds.clone()
    embeds[:, width:] = 0
    return replace(prompt, embeds=embeds)


def moved(case: Case, mistake: Callable[[Prompt, int], Prompt]) -> float:
    """By how much the numbers of some picture's first word are others with the mistake."""
    width = reference.load_config(str(case.snapshot)).text_config.hidden_size
    right, wrong = case.engine(1), case.engine(1)
    most = 0.0
    for picture in case.pictures:
        prompt = case.prompt([picture], PROMPTS[0])
        right.prefill([prompt], [0])
        wrong.prefill([mistake(prompt, width)], [0])
        length = prompt.size(0)
        words = [engine.decode([7], [length], [length], [0]) for engine in (right, wrong)]
        most = max(most, apart(words[1], words[0]))
    return most


def test_the_tests_would_find_mistakes(case):
    """Else they would prove little."""
    assert moved(case, lambda prompt, width: prompt) < ROUNDING
    for mistake in (not_behind, flat, turned_round, *([shallow] if case.family == "qwen3_vl" else [])):
        assert moved(case, mistake) > 30 * ROUNDING, mistake.__name__


@pytest.mark.parametrize("slots", [[0, 1, 2], [2, 0, 1], [4, 0, 2], [5, 3, 0]])
@pytest.mark.parametrize("kind", ["one position", "ragged", "one position, turned unlike"])
def test_a_row_does_not_depend_on_its_place(case, slots, kind):
    """Slots in a range or not, in order or not, turned alike or not: each arrangement has its own way through the
    program."""
    prompts = [case.prompt([case.pictures[0]], prompt) for prompt in (PROMPTS if kind == "ragged" else PROMPTS[:1] * 3)]
    if kind == "one position, turned unlike":  # as after pictures of other shapes
        prompts[1:] = [replace(one, places=one.places * (2 + i)) for i, one in enumerate(prompts[1:])]
    lone, together = case.engine(slots=6), case.engine(slots=6)
    expected = []
    for one in prompts:
        lone.prefill([one], [0])
        expected.append(lone.decode([7], [one.size(0)], [one.size(0)], [0])[0])
    together.prefill(prompts, slots)
    lengths = [one.size(0) for one in prompts]
    found = together.decode([7] * 3, lengths, lengths, slots)
    assert apart(found, torch.stack(expected)) < ROUNDING
    assert (apart(expected[1], expected[0]) > 100 * ROUNDING) == (kind != "one position")
    untouched = [slot for slot in range(7) if slot not in slots]
    assert not together.k_cache[:, untouched].any() and not together.v_cache[:, untouched].any()


def test_prompts_read_in_parts(case):
    """As a step beside running captions reads them. The same logits and the same cache, wherever the cuts are."""
    rng = random.Random(case.seed)
    whole, parts = case.engine(slots=6), case.engine(slots=6)
    for slot, picture in enumerate(case.pictures):
        prompt = case.prompt([picture], PROMPTS[slot % len(PROMPTS)])
        found = parts.prefill_in_parts(prompt, slot, draw_parts(prompt.size(0), rng))
        assert apart(found, whole.prefill([prompt], [slot])) < ROUNDING
    assert parts.behind == whole.behind
    assert apart(parts.k_cache, whole.k_cache) < ROUNDING and apart(parts.v_cache, whole.v_cache) < ROUNDING


def test_single_tokens_are_parts_too(case):
    prompt = case.prompt(case.pictures[:1], PROMPTS[0])[:24]
    engine = case.engine(slots=2)
    found = engine.prefill_in_parts(prompt, 1, [1] * 24)
    assert apart(found, engine.prefill([prompt], [0])) < ROUNDING


@pytest.mark.parametrize("beams, most, least", [(2, 24, 0), (3, 24, 8), (5, 12, 0)])
def test_beams_and_their_scores(case, beams, most, least):
    for pictures in (case.pictures[:1], case.pictures[1:3]):
        expected, largest = reference.reference_scores(case.snapshot, pictures, PROMPTS[0], most, least, beams)
        found = case.engine(beams).search(case.prompt(pictures, PROMPTS[0]), beams, most, least)
        assert [tokens for tokens, _ in found] == [tokens for tokens, _ in expected]
        assert apart([score for _, score in found], [score for _, score in expected], largest) < ROUNDING


@pytest.mark.parametrize("family", FAMILIES)
def test_captions_of_the_models_end_at_many_lengths(family, tmp_path_factory):
    """Else the tests above would prove little."""
    lengths = []
    for seed in SEEDS:
        snapshot = MAKERS[family](tmp_path_factory.mktemp("lengths") / "snapshot", seed)
        captions = reference.generate_reference(snapshot, draw_pictures(6, seed + 50), PROMPTS[0], 24)
        lengths += [len(caption) for caption in captions]
    assert len(set(lengths)) >= 4 and min(lengths) < 12


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(case, tmp_path, dtype):
    """The same program, as near to float32 as the reference in the same numbers, or a little less."""
    program, model = export_half(case, tmp_path, dtype)
    ours, theirs = [], []
    for picture in case.pictures:
        inputs = reference.make_inputs(case.snapshot, picture, PROMPTS[0])
        exact = case.engine(1).prefill([case.prompt([picture], PROMPTS[0])], [0])
        prompt = prompt_of(tmp_path, program, [picture], PROMPTS[0])
        ours.append(apart(SlotEngine(tmp_path, program, 1).prefill([prompt], [0]), exact))
        theirs.append(apart(model(**inputs).logits[:, -1].float(), exact))
    assert sum(ours) < 1.5 * sum(theirs)


def test_a_fitting_size_is_the_references(case):
    """Of everyday and odd sizes, that shrink, grow or neither."""
    image = case.manifest["image"]
    for picture in draw_odd(case, SIZES_A_MODEL):
        made = reference.make_inputs(case.snapshot, picture, "a")["image_grid_thw"][0].tolist()
        patch = image["patch"] // 2
        assert fitting(picture, image) == [made[1] * patch, made[2] * patch]
