"""Random tiny models with films for them."""

import os
import random
import time
from pathlib import Path

import numpy as np
import torch

from export.__main__ import main as export_main
from film_twin import film_prompt
from parity.films import Film
from parity.rounding import apart
from pictures import draw_picture
from slot_engine import Prompt, SlotEngine, load_program, read_manifest
from tiny_models import MAKERS

SEED = int(os.environ.get("VIGNETTE_TEST_SEED") or time.time())  # of what must be equal for any numbers
# Families, and seeds of the models and of the films that they caption: with others two words may be as likely.
CASES = [(family, seed) for family in ("qwen2_5_vl", "qwen3_vl") for seed in (2, 5)]
PROMPTS = ["a photo of", "", "Question: how many? Answer:"]
COUNTS = [2, 4, 5, 7, 8]
RATES = [0.5, 1.0, 2.0, 3.0, 24.0]  # frames a second: ticks far apart, or several groups at one


def draw_film(rng: random.Random, count: int, rate: float) -> Film:
    """Frames unlike one another, at times that are no round numbers."""
    noise = np.random.default_rng(rng.randrange(2**32))
    width, height = rng.randint(12, 150), rng.randint(12, 150)
    frames = [np.array(draw_picture(noise, width, height)) for _ in range(count)]
    begin = rng.uniform(0, 100)
    return Film(frames, [begin + (i + rng.uniform(0, 0.4)) / rate for i in range(count)], rate)


def draw_films(seed: int) -> list[Film]:
    rng = random.Random(seed)
    return [draw_film(rng, count, rate) for count, rate in zip(COUNTS, rng.sample(RATES, len(RATES)))]


class Case:
    def __init__(self, folder: Path, family: str, seed: int) -> None:
        torch.set_num_threads(1)
        torch._C._jit_set_profiling_mode(False)  # as the C++ side runs it
        torch.set_grad_enabled(False)
        print(f"VIGNETTE_TEST_SEED={SEED}")
        self.family = family
        self.snapshot = MAKERS[family](folder / "snapshot", seed)
        self.bundle = folder / "bundle"
        assert export_main([str(self.snapshot), str(self.bundle)]) == 0
        self.program = load_program(self.bundle)
        self.manifest = read_manifest(self.bundle)
        self.films = draw_films(seed)
        noise = np.random.default_rng(seed)
        self.pictures = [draw_picture(noise, width, height) for width, height in [(90, 61), (40, 120)]]

    def prompt(self, seen: list, prompt: str) -> Prompt:
        return film_prompt(self.bundle, self.program, seen, prompt)

    def engine(self, slots: int) -> SlotEngine:
        return SlotEngine(self.bundle, self.program, slots)

    def work(self, films: list[Film]) -> list[tuple[list, str]]:
        """Films alone, two of them, and among pictures; and a picture without a film."""
        one, other = self.pictures
        work = [([film], PROMPTS[i % len(PROMPTS)]) for i, film in enumerate(films)]
        work += [(films[:2], PROMPTS[0]), ([films[1], films[0]], ""), ([one, films[2]], PROMPTS[2])]
        return [*work, ([films[3], one], PROMPTS[0]), ([one, films[0], other, films[1]], PROMPTS[0]), ([one], "a")]


MADE: dict[tuple[str, int], Case] = {}


def make_case(factory, family: str, seed: int) -> Case:
    """One for all files of tests: models take seconds to make. factory: of folders, pytest's."""
    if (family, seed) not in MADE:
        MADE[family, seed] = Case(factory.mktemp("model"), family, seed)
    return MADE[family, seed]


def moved(case: Case, film: Film, right, mistake) -> float:
    """By how much the numbers of the second word are others with the mistake."""
    words = []
    for make in (right, mistake):
        engine, prompt = case.engine(1), make(case, film)
        engine.prefill([prompt], [0])
        words.append(engine.decode([7], [prompt.size(0)], [prompt.size(0)], [0]))
    return apart(words[1], words[0])
