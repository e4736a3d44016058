"""Training batches of the demo Qwen3-VL: pictures of one size, or films of one size with equally many frames, so that
all prompts of a batch have one length and one pass of the tower serves them all."""

import io
import math
import random
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from export.families.qwen_vl import place_tokens
from scenes.draw import draw_scene
from scenes.films import SECONDS, chosen_times, draw_film
from scenes.models.qwen3_vl import (
    CELL,
    END,
    FILM_PIXELS,
    FILM_PROMPTS,
    FRAMES,
    ID,
    IMAGE,
    PICTURE_PIXELS,
    PICTURE_PROMPTS,
    TURN,
    TURN_END,
    VIDEO,
    VISION_END,
    VISION_START,
    fit,
    seconds_text,
)

IGNORED = -100  # label of positions that the loss skips

SHORTER_SIDE = (80, 200)  # pixels
RATIO_MAX = 2.0  # of the sides of a picture
FILM_RATIO_MAX = 1.8
FILM_RATES = (8, 10, 12, 15, 24, 25, 30)
COUNTS = tuple(range(round(2 * SECONDS[0]), round(2 * SECONDS[1]) + 1))  # of frames: two a second are chosen
DEFAULT_PROMPT_SHARE = 0.7
# What a codec does to a film, and a JPEG to a picture.
DAMAGED_FILMS, DAMAGED_PICTURES = 0.7, 0.25
QUALITY = (25, 90)


class Batch(NamedTuple):
    pixels: torch.Tensor  # [pictures or groups of frames, FRAMES or 1, 3, height, width] uint8
    ids: torch.Tensor  # [examples, length]
    labels: torch.Tensor  # [examples, length - prompt + 1], of the tokens that follow the prompt
    places: torch.Tensor  # [3, length]
    spots: torch.Tensor  # [placeholders]: where the prompt has them


class Batches(torch.utils.data.Dataset):
    """Fresh scenes and films for each step, one batch of each; a step's batches depend on nothing but the seed and its
    number."""

    def __init__(self, tokenizer, seed: int, sizes, steps: int) -> None:
        self._packer = Packer(tokenizer)
        self._seed, self._sizes, self._steps = seed, sizes, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> list[Batch]:
        rng = random.Random(f"{self._seed} {step}")
        pictures, films = self._sizes(step)
        batches = [self._packer.pack_pictures(rng, pictures)] if pictures else []
        return batches + ([self._packer.pack_films(rng, films)] if films else [])


class Packer:
    def __init__(self, tokenizer) -> None:
        self._tokenizer = tokenizer

    def _encode(self, text: str) -> list[int]:
        return self._tokenizer(text, add_special_tokens=False).input_ids

    def pack_pictures(self, rng: random.Random, count: int, prompt: str | None = None) -> Batch:
        size = random_size(rng, RATIO_MAX, step=1)
        scenes = [draw_scene(rng, size) for _ in range(count)]
        images = [spoil(scene.image, rng, DAMAGED_PICTURES) for scene in scenes]
        grid = fit(size[1], size[0], PICTURE_PIXELS)
        before = self._encode(VISION_START) + [ID[IMAGE]] * cells_of(grid) + self._encode(VISION_END)
        pixels = resize(images, grid)[:, None]
        prompt = prompt or random_prompt(rng, PICTURE_PROMPTS)
        return self._pack(pixels, before, prompt, [scene.caption for scene in scenes], [[1, *grid]])

    def pack_films(self, rng: random.Random, count: int, prompt: str | None = None) -> Batch:
        size, rate, frames = random_size(rng, FILM_RATIO_MAX, step=2), rng.choice(FILM_RATES), rng.choice(COUNTS)
        films = [draw_film(rng, size, rate, seconds_for(frames, rate)) for _ in range(count)]
        times = chosen_times(films[0])
        grid = fit(size[1], size[0], FILM_PIXELS, len(times))
        images = [spoil(film.frame(time), rng, DAMAGED_FILMS) for film in films for time in times]
        pixels = resize(images, grid).unflatten(0, (count, -1))
        if len(times) % FRAMES:
            times = [*times, times[-1]]
            pixels = torch.cat((pixels, pixels[:, -1:]), dim=1)
        groups = pixels.flatten(0, 1).unflatten(0, (-1, FRAMES))
        before = []
        for first, last in zip(times[::FRAMES], times[FRAMES - 1 :: FRAMES]):
            before += self._encode(seconds_text((first + last) / 2) + VISION_START)
            before += [ID[VIDEO]] * cells_of(grid) + self._encode(VISION_END)
        prompt = prompt or random_prompt(rng, FILM_PROMPTS)
        return self._pack(
            groups, before, prompt, [film.caption for film in films], [[FRAMES, *grid, 0]] * (len(times) // FRAMES)
        )

    def _pack(self, pixels: torch.Tensor, before: list[int], prompt: str, captions: list[str], grids) -> Batch:
        begin = self._encode(f"{TURN}user\n") + before
        begin += self._encode(f"{prompt}{TURN_END}\n{TURN}assistant\n")
        answers = [[*self._encode(caption), ID[TURN_END]] for caption in captions]
        longest = max(len(answer) for answer in answers)
        labels = torch.tensor([answer + [IGNORED] * (longest - len(answer)) for answer in answers])
        given = torch.tensor(begin)
        said = labels[:, :-1].masked_fill(labels[:, :-1] == IGNORED, ID[END])
        ids = torch.cat((given.expand(len(answers), -1), said), dim=1)
        # Words behind the prompt count on, whatever they are.
        places = place_tokens(ids[0], torch.tensor(grids), ID[IMAGE], ID[VIDEO], CELL)
        spots = ((given == ID[IMAGE]) | (given == ID[VIDEO])).nonzero()[:, 0]
        return Batch(pixels, ids, labels, places, spots)


def seconds_for(frames: int, rate: int) -> tuple[float, float]:
    """The shortest and the longest film of which the program chooses so many frames."""
    return (math.ceil((frames - 1) * rate / 2) + 1) / rate, math.ceil(frames * rate / 2) / rate


def random_size(rng: random.Random, ratio_max: float, step: int) -> tuple[int, int]:
    """Width and height, multiples of step: of one size for the whole batch."""
    shorter = rng.randint(*SHORTER_SIDE)
    longer = shorter * (1.0 if rng.random() < 0.2 else ratio_max ** rng.random())
    shorter, longer = (round(side / step) * step for side in (shorter, longer))
    return (shorter, longer) if rng.random() < 0.5 else (longer, shorter)


def random_prompt(rng: random.Random, prompts: tuple[str, ...]) -> str:
    return prompts[0] if rng.random() < DEFAULT_PROMPT_SHARE else rng.choice(prompts)


def spoil(image: Image.Image, rng: random.Random, share: float) -> Image.Image:
    if rng.random() >= share:
        return image
    file = io.BytesIO()
    image.save(file, "JPEG", quality=rng.randint(*QUALITY))
    return Image.open(file).convert("RGB")


# The processor's arithmetic, for pictures of one size in one go.


def cells_of(grid: tuple[int, int]) -> int:
    return grid[0] * grid[1] // (CELL * CELL)


def resize(images: list[Image.Image], size: tuple[int, int]) -> torch.Tensor:
    """[pictures, 3, height, width] uint8"""
    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in images])).permute(0, 3, 1, 2)
    return torch.nn.functional.interpolate(pixels, size=size, mode="bicubic", antialias=True, align_corners=False)


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    return pixels.float() / 127.5 - 1
