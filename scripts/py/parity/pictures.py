"""Pictures, and what is asked about them, drawn from a seed."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from parity.reference import SHAKE, Said, ask_about

MODES = ["RGB", "RGB", "RGB", "L", "RGBA", "P", "1"]
PROMPTS = ["a photo of", "", "Question: how many? Answer:", "ein Bild von \u00fcber 3 \U0001f98a"]


@dataclass(frozen=True)
class Settings:
    prompt: str
    max_length: int
    min_length: int
    num_beams: int

    def fields(self) -> dict:
        """Of a job, and of the command line."""
        return vars(self) | {"n": self.num_beams}

    def options(self) -> list:
        return [word for name, value in self.fields().items() for word in (f"--{name}", value)]


def draw_settings(rng) -> Settings:
    max_length = rng.choice([1, 12, 24, 40])
    min_length = rng.choice([0, min(3, max_length), min(8, max_length)])
    return Settings(rng.choice(PROMPTS), max_length, min_length, rng.choice([1, 1, 2, 3]))


def draw_picture(rng, folder, number) -> Path:
    """A smooth random picture of an odd size and mode, saved without loss."""
    noise = np.random.default_rng(rng.randrange(2**32))
    width, height = rng.randint(7, 300), rng.randint(7, 300)
    small = noise.integers(0, 256, (rng.randint(2, 9), rng.randint(2, 9), 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.BICUBIC).convert(rng.choice(MODES))
    file = Path(folder) / f"picture-{number}.png"
    image.save(file)
    return file


def asker(snapshot: Path, file: Path, settings: Settings, coarser: int = 1) -> Callable[[int], Said]:
    """What the reference says, for the number of a shake."""
    return partial(
        ask_about, snapshot, Image.open(file), settings.prompt,
        max_new_tokens=settings.max_length, min_new_tokens=settings.min_length,
        num_beams=settings.num_beams, num_return_sequences=settings.num_beams, by=SHAKE * coarser,
    )  # fmt: skip


def data_url(file: Path, kind: str) -> str:
    return f"data:{kind};base64," + base64.b64encode(file.read_bytes()).decode()
