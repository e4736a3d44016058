"""What the programs do on a GPU, done on the CPU beside what they do there. Random tiny models, fresh in each run:
VIGNETTE_TEST_SEED repeats one."""

import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from bundle_twin import pixels, prompt_embeds, prompt_ids, prompt_of
from export.__main__ import main as export_main
from flash_stand_in import flash_on_the_cpu
from parity.rounding import ROUNDING, apart
from pictures import draw_pictures
from program_code import (
    ASKS_FOR_16_BITS,
    ASKS_FOR_A_GPU,
    count_in_program,
    edit_program,
    take_gpu_branches,
    use_flash_for_32_bits,
)
from slot_engine import Prompt, SlotEngine, draw_parts, load_program, read_manifest
from tiny_models import MAKERS
from two_engines import Allowed, TwoEngines

SEED = int(os.environ.get("VIGNETTE_TEST_SEED") or time.time())
PROMPTS = ["a photo of", "", "Question: how many? Answer:"]
MODELS = [(family, SEED + i) for family in MAKERS for i in range(2)]
CAPTIONERS = [model for model in MODELS if model[0] != "clip"]
SLOTS = 7  # and one for scratch
STEPS = 4

torch.set_num_threads(1)
torch._C._jit_set_profiling_mode(False)  # as the C++ side runs it
torch.set_grad_enabled(False)


@dataclass(frozen=True)
class Way:
    """In which numbers, and by which attention."""

    dtype: str
    flash: bool
    allowed: Allowed

    def edits(self) -> list:
        return [take_gpu_branches, *[use_flash_for_32_bits] * (self.flash and self.dtype == "float32")]


# The margin of float16 is that of scripts/bench-gpu; its logits were never more than 0.014 apart in 72 runs.
SAME, NEAR = Allowed(apart=ROUNDING, margin=ROUNDING), Allowed(apart=0.05, margin=0.01)
WAYS = {
    "float32": Way("float32", False, SAME),
    "float32-flash": Way("float32", True, SAME),  # which no GPU does: it shows what 16 bits would hide
    "float16": Way("float16", True, NEAR),
}


class Case:
    def __init__(self, folder: Path, family: str, seed: int) -> None:
        self.family, self.seed, self.folder = family, seed, folder
        self.snapshot = MAKERS[family](folder / "snapshot", seed)
        for dtype in ("float32", "float16"):
            assert export_main([str(self.snapshot), str(self.bundle(dtype)), "--dtype", dtype]) == 0
        self.program = self.bundle("float32") / read_manifest(self.bundle("float32"))["program"]["file"]
        self.pictures = draw_pictures(5, seed)

    def bundle(self, dtype: str) -> Path:
        return self.folder / dtype

    def programs(self, way: Way) -> tuple:
        """As the CPU runs it, and as a GPU would."""
        bundle = self.bundle(way.dtype)
        return load_program(bundle), load_program(bundle, edit_program(self.program, *way.edits()))


@pytest.fixture(scope="module", params=MODELS, ids=str)
def case(request, tmp_path_factory) -> Case:
    family, seed = request.param
    return Case(tmp_path_factory.mktemp(family), family, seed)


@pytest.fixture(params=WAYS)
def way(request) -> Way:
    print(f"VIGNETTE_TEST_SEED={SEED}")
    return WAYS[request.param]


def test_the_questions_are_found(case):
    """Each that a program asks about its device. Else the tests below would prove nothing."""
    asked = count_in_program(case.program, ASKS_FOR_A_GPU)
    assert asked == count_in_program(case.program, "cuda") >= (1 if case.family == "clip" else 4)
    assert count_in_program(case.program, ASKS_FOR_16_BITS) == (case.family != "clip")


@pytest.mark.parametrize("way", ["float32", "float16"], indirect=True)
def test_pictures_and_prompts(case, way):
    """What comes before the cache, and all of an embedder."""
    cpu, gpu = case.programs(way)
    image = read_manifest(case.program.parent)["image"]
    for picture in case.pictures:
        made = pixels(image, picture)
        seen = [program.embed_image(made) if case.family == "clip" else program.encode(made) for program in (cpu, gpu)]
        assert apart(*seen) <= way.allowed.apart
    if case.family == "clip":
        ids = torch.randint(0, 256, (4, 9), generator=torch.Generator().manual_seed(case.seed))
        assert apart(gpu.embed_text(ids), cpu.embed_text(ids)) <= way.allowed.apart
    else:
        asked = (case.bundle(way.dtype), case.pictures[:1], PROMPTS[0])
        expected, found = (prompt_embeds(asked[0], program, *asked[1:]) for program in (cpu, gpu))
        assert len(expected) == len(prompt_ids(*asked)) and apart(found, expected) <= way.allowed.apart


@pytest.mark.parametrize("case", CAPTIONERS, ids=str, indirect=True)
def test_captions(case, way):
    cpu, gpu = case.programs(way)
    bundle, rng = case.bundle(way.dtype), random.Random(case.seed)
    torch.manual_seed(case.seed)
    prompts = [prompt_of(bundle, cpu, [one], rng.choice(PROMPTS)) for one in case.pictures]
    with flash_on_the_cpu(getattr(torch, way.dtype)) as flash:
        engines = TwoEngines(SlotEngine(bundle, cpu, SLOTS), SlotEngine(bundle, gpu, SLOTS), way.allowed)
        for schedule in (serve_many, serve_beams, serve_scratch):
            schedule(engines, prompts, rng)
    assert engines.nothing_else_was_written()
    assert (flash.calls > 0) == way.flash


def serve_many(engines: TwoEngines, prompts: list[Prompt], rng: random.Random) -> None:
    """Slots in any order, rows shuffled in each step, one that joins, then fewer, then one."""
    slots = rng.sample(range(SLOTS), 4)
    engines.admit(dict(zip(slots[:3], prompts)))
    for running in [3] * STEPS + [4] * STEPS + [2, 1, 1]:
        if running == 4 and slots[3] not in engines.sequences:
            join(engines, slots[3], prompts[3], rng)
        engines.step(rng.sample(slots[:running], running))


def join(engines: TwoEngines, slot: int, prompt: Prompt, rng: random.Random) -> None:
    """In parts, where the program can."""
    if hasattr(engines.cpu.program, "prefill_more"):
        engines.admit_in_parts(slot, prompt, draw_parts(prompt.size(0), rng))
    else:
        engines.admit({slot: prompt})


def serve_beams(engines: TwoEngines, prompts: list[Prompt], rng: random.Random) -> None:
    """Three of one picture, in neighbouring slots and then in scattered ones. They begin with different words, and
    in each step one of them dies for another's child."""
    first = rng.randrange(SLOTS - 2)
    for slots in ([first, first + 1, first + 2], rng.sample(range(SLOTS), 3)):
        (logits,) = engines.admit({slots[0]: prompts[4]})
        for slot in slots[1:]:
            engines.copy(slots[0], slot)
        for slot, word in zip(slots, logits.topk(3).indices.tolist()):
            engines.sequences[slot].word = word
        for _ in range(STEPS):
            words = engines.step(slots).topk(2).indices.tolist()
            parent, dead = rng.sample(range(3), 2)
            engines.copy(slots[parent], slots[dead])
            engines.sequences[slots[dead]].word = words[parent][1]


def serve_scratch(engines: TwoEngines, prompts: list[Prompt], rng: random.Random) -> None:
    """As the warm-up does, up to the last position of the cache; and scratch as idle rows beside a real one."""
    scratch = SLOTS
    engines.admit({scratch: prompts[0]})
    engines.step([scratch])
    engines.sequences[scratch].position = engines.cpu.k_cache.size(2) - 1
    engines.step([scratch])
    slot = rng.randrange(SLOTS)
    engines.admit({slot: prompts[1], scratch: prompts[0]})
    for _ in range(STEPS):
        engines.step([scratch, slot, scratch, scratch])
