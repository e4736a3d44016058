"""Programs with an encoder against transformers, on random tiny models: BLIP-2 with T5, and BLIP."""

import random
from pathlib import Path

import pytest
import torch

from bundle_twin import pixels, prompt_embeds, prompt_ids
from export.__main__ import main as export_main
from parity import reference
from parity.rounding import ROUNDING, apart
from pictures import draw_pictures
from slot_engine import Request, SlotEngine, load_program, read_manifest
from tiny_models import MAKERS

# T5: with a head of its own or not, with scaled outputs or not.
MODELS = [("blip2-t5", 1), ("blip2-t5", 2), ("blip2-t5", 3), ("blip2-t5", 4), ("blip", 1), ("blip", 2), ("blip", 4)]
PROMPTS = ["a photo of", "", "Question: how many? Answer:"]
PICTURES = 5

torch.set_num_threads(1)
torch._C._jit_set_profiling_mode(False)  # as the C++ side runs it
torch.set_grad_enabled(False)


class Case:
    """A random model, its bundle and some pictures."""

    def __init__(self, folder: Path, family: str, seed: int) -> None:
        self.family = family
        self.snapshot = MAKERS[family](folder / "snapshot", seed)
        self.bundle = folder / "bundle"
        assert export_main([str(self.snapshot), str(self.bundle)]) == 0
        self.program = load_program(self.bundle)
        self.manifest = read_manifest(self.bundle)
        self.pictures = draw_pictures(PICTURES, seed)

    def embeds(self, picture, prompt: str) -> torch.Tensor:
        return prompt_embeds(self.bundle, self.program, [picture], prompt)

    def engine(self, slots: int) -> SlotEngine:
        return SlotEngine(self.bundle, self.program, slots)


@pytest.fixture(scope="module", params=MODELS, ids=lambda model: f"{model[0]}-{model[1]}")
def case(request, tmp_path_factory) -> Case:
    return Case(tmp_path_factory.mktemp("model"), *request.param)


def reference_features(family: str, model, picture_pixels: torch.Tensor) -> torch.Tensor:
    if family == "blip":
        return model.vision_model(picture_pixels).last_hidden_state
    return model.get_image_features(picture_pixels).pooler_output


def test_features_are_the_references(case):
    """BLIP's reference spells attention out, which rounds in its own way; BLIP-2's are bit-equal."""
    model = reference.load_model(str(case.snapshot))
    seen = torch.cat([reference.pixel_values(case.snapshot, picture) for picture in case.pictures])
    found, expected = case.program.encode(seen), reference_features(case.family, model, seen)
    assert apart(found, expected) < ROUNDING
    assert case.family == "blip" or torch.equal(found, expected)


def test_pixels_are_bit_equal(case):
    for picture in case.pictures:
        assert torch.equal(pixels(case.manifest["image"], picture), reference.pixel_values(case.snapshot, picture))


def test_the_prompts_ids_are_what_the_reference_reads(case):
    """Of T5 the last is the decoder's; BLIP's decoder reads its own start in place of the tokenizer's first token,
    and not the last."""
    text = case.manifest["text"]
    for prompt in PROMPTS:
        theirs = reference.make_inputs(case.snapshot, case.pictures[0], prompt)["input_ids"][0].tolist()
        ours = prompt_ids(case.bundle, case.pictures[:1], prompt).tolist()
        if case.family == "blip2-t5":
            assert ours == [*theirs, 0]
        else:
            assert ours == [text["image_token"]] * text["image_tokens"] + [text["bos"], *theirs[1:-1]]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_tokens_of_lone_rows(case, prompt):
    expected = reference.generate_reference(case.snapshot, case.pictures, prompt, 24, 3)
    engine = case.engine(slots=2)
    for picture, tokens in zip(case.pictures, expected):
        assert engine.serve([Request(case.embeds(picture, prompt))], 24, 3, random.Random(0)) == [tokens]


@pytest.mark.parametrize("joins", ["together", "one by one", "by chance"])
def test_greedy_tokens_with_neighbours(case, joins):
    """Ragged prompts, slots in random order and used again, rows shuffled in each step."""
    rng = random.Random(joins)
    work = [(picture, prompt) for picture in case.pictures for prompt in PROMPTS]
    expected = [reference.generate_reference(case.snapshot, [picture], prompt, 24)[0] for picture, prompt in work]
    when = {"together": lambda i: 0, "one by one": lambda i: i, "by chance": lambda i: rng.randrange(20)}[joins]
    requests = [Request(case.embeds(*one), when(i)) for i, one in enumerate(work)]
    assert case.engine(slots=4).serve(requests, 24, 0, rng) == expected


@pytest.mark.parametrize("slots", [[0, 1, 2], [2, 0, 1], [3, 4, 2], [4, 0, 2], [5, 3, 0]])
@pytest.mark.parametrize("prompts", [PROMPTS[:1] * 3, PROMPTS], ids=["one position", "ragged"])
def test_a_row_does_not_depend_on_its_place(case, slots, prompts):
    """Slots in a range or not, in order or not: each arrangement has its own way through the program."""
    embeds = [case.embeds(picture, prompt) for picture, prompt in zip(case.pictures, prompts)]
    lone, together = case.engine(slots=6), case.engine(slots=6)
    together.k_cache.fill_(7.0)  # what earlier captions left behind is not looked at
    together.v_cache.fill_(7.0)
    expected = []
    for one in embeds:
        lone.prefill([one], [0])
        expected.append(lone.decode([7], [one.size(0)], [one.size(0)], [0])[0])
    together.prefill(embeds, slots)
    lengths = [one.size(0) for one in embeds]
    found = together.decode([7] * 3, lengths, lengths, slots)
    assert apart(found, torch.stack(expected)) < ROUNDING
    untouched = [slot for slot in range(7) if slot not in slots]
    assert (together.k_cache[:, untouched] == 7).all() and (together.v_cache[:, untouched] == 7).all()


@pytest.mark.parametrize("beams, most, least", [(2, 24, 0), (3, 24, 8), (3, 1, 0), (4, 12, 12)])
def test_beams_and_their_scores(case, beams, most, least):
    for picture, prompt in zip(case.pictures, PROMPTS):
        expected, largest = reference.reference_scores(case.snapshot, picture, prompt, most, least, beams)
        found = case.engine(beams).search(case.embeds(picture, prompt), beams, most, least)
        assert [tokens for tokens, _ in found] == [tokens for tokens, _ in expected]
        assert apart([score for _, score in found], [score for _, score in expected], largest) < ROUNDING


def test_captions_of_the_models_end_at_many_lengths(tmp_path_factory):
    """Else the tests above would prove little."""
    for family in ("blip2-t5", "blip"):
        lengths, captions = [], set()
        for seed in (1, 2, 3, 4):
            snapshot = MAKERS[family](tmp_path_factory.mktemp("lengths") / "snapshot", seed)
            said = reference.generate_reference(snapshot, draw_pictures(6, seed + 50), PROMPTS[0], 24)
            lengths += [len(caption) for caption in said]
            captions |= {tuple(caption) for caption in said}
        assert len(set(lengths)) >= 5 and min(lengths) < 12 and len(captions) >= 12, (family, lengths)
