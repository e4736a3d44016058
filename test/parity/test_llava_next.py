"""LLaVA-NeXT's program and manifest against transformers, on random tiny models of both its languages; and the pictures
of LLaVA-NeXT-Video."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlavaNextImageProcessor
from transformers.image_processing_utils import select_best_resolution

from bundle_twin import picture_tokens, pixels, prompt_embeds, prompt_ids
from export.__main__ import main as export_main
from export.families.llava_next import best_pinpoint
from exporting import check_captions_in_half
from parity import reference
from parity.rounding import ROUNDING, apart
from pictures import draw_picture, draw_pictures, draw_sizes
from slot_engine import Request, SlotEngine, draw_parts, load_program, read_manifest
from tiny_models import MAKERS, make_llava_next

SEEDS = [2, 3, 4, 5]  # even: Mistral, odd: Llama
CASES = [*(("llava-next", seed) for seed in SEEDS), ("llava_next_video", 3)]
PROMPTS = ["a photo of", "", "Question: how many? Answer:"]
PICTURES = 4
REAL_PINPOINTS = [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)]
SIZES_A_MODEL = 80

torch.set_num_threads(1)
torch._C._jit_set_profiling_mode(False)  # as the C++ side runs it
torch.set_grad_enabled(False)


class Case:
    def __init__(self, folder: Path, family: str, seed: int) -> None:
        self.seed = seed
        self.snapshot = MAKERS[family](folder / "snapshot", seed)
        self.bundle = folder / "bundle"
        assert export_main([str(self.snapshot), str(self.bundle)]) == 0
        self.program = load_program(self.bundle)
        self.manifest = read_manifest(self.bundle)
        self.pictures = draw_pictures(PICTURES, seed)

    def embeds(self, pictures: list, prompt: str) -> torch.Tensor:
        return prompt_embeds(self.bundle, self.program, pictures, prompt)

    def engine(self, slots: int) -> SlotEngine:
        return SlotEngine(self.bundle, self.program, slots)


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request, tmp_path_factory) -> Case:
    return Case(tmp_path_factory.mktemp("model"), *request.param)


def test_the_best_pinpoint_is_the_references():
    rng = np.random.default_rng(1)
    for height, width in rng.integers(1, 3000, (3000, 2)).tolist() + rng.integers(1, 90, (3000, 2)).tolist():
        assert best_pinpoint(height, width, REAL_PINPOINTS) == select_best_resolution((height, width), REAL_PINPOINTS)


def test_pixels_are_bit_equal(case):
    rng = np.random.default_rng(case.seed)
    plain = torch.backends.cpu.get_cpu_capability() == "DEFAULT"
    for width, height in draw_sizes(SIZES_A_MODEL, case.seed):
        picture = draw_picture(rng, width, height)
        if plain and height >= 8 * width:
            continue  # may be shown one column wide, and that torch 2.11 resizes wrongly without AVX2: by 199 of 255
        expected = reference.pixel_values(case.snapshot, picture)
        assert torch.equal(pixels(case.manifest["image"], picture), expected), (width, height)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1920, 1080), (336, 336), (1000, 300), (5, 7)])
def test_pixels_of_the_real_recipe(size):
    """The tokens are those that the published models' pages count."""
    recipe = LlavaNextImageProcessor(size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336})
    mean, std = ((torch.tensor(values) * 255).tolist() for values in (recipe.image_mean, recipe.image_std))
    image = {"recipe": "anyres", "width": 336, "height": 336, "pinpoints": REAL_PINPOINTS, "patch": 14}
    picture = draw_picture(np.random.default_rng(1), *size)
    expected = recipe(picture, return_tensors="pt")["pixel_values"][0]
    found = pixels(image | {"mean": mean, "std": std}, picture)
    assert found.shape == expected.shape and apart(found, expected) < ROUNDING
    tokens = {(640, 480): 2340, (480, 640): 2352, (1920, 1080): 1948, (336, 336): 1176, (1000, 300): 2182}
    counted = picture_tokens({"image": image, "text": {"image_tokens": 0}}, picture)
    assert counted == tokens.get(size, counted)


def test_the_prompts_ids_are_the_references(case):
    for count, prompt in zip([1, 2, 3], PROMPTS):
        pictures = case.pictures[:count]
        expected = reference.make_inputs(case.snapshot, pictures, prompt)["input_ids"][0]
        assert torch.equal(prompt_ids(case.bundle, pictures, prompt), expected)


def test_packed_features(case):
    model, image = reference.load_model(str(case.snapshot)), case.manifest["image"]
    rng = np.random.default_rng(case.seed)
    pictures = case.pictures + [draw_picture(rng, *size) for size in draw_sizes(12, case.seed + 1)]
    for picture in pictures:
        made = reference.make_inputs(case.snapshot, picture, "a")
        (expected,) = model.get_image_features(made["pixel_values"], made["image_sizes"]).pooler_output
        found = case.program.pack(case.program.encode(pixels(image, picture)), picture.height, picture.width)
        assert found.shape == expected.shape
        assert apart(found, expected) < ROUNDING


def test_tiles_of_several_pictures_go_through_together(case):
    image = case.manifest["image"]
    tiles = [pixels(image, picture) for picture in case.pictures]
    together = case.program.encode(torch.cat(tiles)).split([one.size(0) for one in tiles])
    for one, found in zip(tiles, together):
        assert apart(found, case.program.encode(one)) < ROUNDING


def test_no_picture_takes_more_rows_than_the_slot_has(case):
    text, positions = case.manifest["text"], case.manifest["cache"]["positions"]
    most = max(
        picture_tokens(case.manifest, draw_picture(np.random.default_rng(0), width, height))
        for height, width in case.manifest["image"]["pinpoints"]
    )
    assert text["image_tokens"] == 0 and positions >= most + 256 + case.manifest["generation"]["max_length"]
    for width, height in draw_sizes(100, case.seed):
        assert picture_tokens(case.manifest, draw_picture(np.random.default_rng(0), width, height)) <= most


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_tokens_of_lone_rows(case, prompt):
    expected = reference.generate_reference(case.snapshot, case.pictures, prompt, 24, 3)
    engine = case.engine(slots=2)
    for picture, tokens in zip(case.pictures, expected):
        request = Request(case.embeds([picture], prompt))
        assert engine.serve([request], 24, 3, random.Random(0)) == [tokens]


@pytest.mark.parametrize("joins", ["together", "one by one", "by chance"])
def test_greedy_tokens_with_neighbours(case, joins):
    """Ragged prompts of one to three pictures, slots in random order and used again, rows shuffled in each step."""
    rng = random.Random(joins)
    work = [([picture], prompt) for picture in case.pictures for prompt in PROMPTS]
    work += [(rng.sample(case.pictures, count), PROMPTS[0]) for count in (2, 3)]
    expected = [reference.generate_reference(case.snapshot, [pictures], prompt, 24)[0] for pictures, prompt in work]
    when = {"together": lambda i: 0, "one by one": lambda i: i, "by chance": lambda i: rng.randrange(20)}[joins]
    requests = [Request(case.embeds(*one), when(i)) for i, one in enumerate(work)]
    assert case.engine(slots=4).serve(requests, 24, 0, rng) == expected


@pytest.mark.parametrize("slots", [[0, 1, 2], [2, 0, 1], [4, 0, 2], [5, 3, 0]])
@pytest.mark.parametrize("prompts", [PROMPTS[:1] * 3, PROMPTS], ids=["one position", "ragged"])
def test_a_row_does_not_depend_on_its_place(case, slots, prompts):
    """Slots in a range or not, in order or not: each arrangement has its own way through the program."""
    embeds = [case.embeds([case.pictures[0]], prompt) for prompt in prompts]
    lone, together = case.engine(slots=6), case.engine(slots=6)
    expected = []
    for one in embeds:
        lone.prefill([one], [0])
        expected.append(lone.decode([7], [one.size(0)], [one.size(0)], [0])[0])
    together.prefill(embeds, slots)
    lengths = [one.size(0) for one in embeds]
    found = together.decode([7] * 3, lengths, lengths, slots)
    assert apart(found, torch.stack(expected)) < ROUNDING
    untouched = [slot for slot in range(7) if slot not in slots]
    assert not together.k_cache[:, untouched].any() and not together.v_cache[:, untouched].any()


def test_prompts_read_in_parts(case):
    """As a step beside running captions reads them. The same logits and the same cache, wherever the cuts are."""
    rng = random.Random(case.seed)
    whole, parts = case.engine(slots=6), case.engine(slots=6)
    for slot, picture in enumerate(case.pictures):
        embeds = case.embeds([picture], PROMPTS[slot % len(PROMPTS)])
        found = parts.prefill_in_parts(embeds, slot, draw_parts(embeds.size(0), rng))
        assert apart(found, whole.prefill([embeds], [slot])) < ROUNDING
    assert apart(parts.k_cache, whole.k_cache) < ROUNDING and apart(parts.v_cache, whole.v_cache) < ROUNDING


def test_single_tokens_are_parts_too(case):
    embeds = case.embeds(case.pictures[:1], PROMPTS[0])[:9]
    engine = case.engine(slots=2)
    found = engine.prefill_in_parts(embeds, 1, [1] * 9)
    assert apart(found, engine.prefill([embeds], [0])) < ROUNDING


@pytest.mark.parametrize("beams, most, least", [(2, 24, 0), (3, 24, 8), (5, 12, 0)])
def test_beams_and_their_scores(case, beams, most, least):
    for pictures in (case.pictures[:1], case.pictures[1:3]):
        expected, largest = reference.reference_scores(case.snapshot, pictures, PROMPTS[0], most, least, beams)
        found = case.engine(beams).search(case.embeds(pictures, PROMPTS[0]), beams, most, least)
        assert [tokens for tokens, _ in found] == [tokens for tokens, _ in expected]
        assert apart([score for _, score in found], [score for _, score in expected], largest) < ROUNDING


def test_captions_of_the_models_end_at_many_lengths(tmp_path_factory):
    """Else the tests above would prove little."""
    lengths = []
    for seed in SEEDS[:3]:
        snapshot = make_llava_next(tmp_path_factory.mktemp("lengths") / "snapshot", seed)
        captions = reference.generate_reference(snapshot, draw_pictures(6, seed + 50), PROMPTS[0], 24)
        lengths += [len(caption) for caption in captions]
    assert len(set(lengths)) >= 4 and min(lengths) < 12


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(case, tmp_path, dtype):
    check_captions_in_half(case, tmp_path, dtype, case.pictures[:2], PROMPTS[0])
