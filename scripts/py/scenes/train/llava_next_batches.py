"""Training batches of the demo LLaVA-NeXT: each picture once, several questions behind it.

Behind the picture's rows come the questions, each with its answer, one after
the other. A mask lets each see the picture and itself only, and positions
start anew in each, so that to the model it is the only one.
"""

import random
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from scenes.models.blip2 import MEAN, STD
from scenes.models.llava_next import BOS, EOS, IMAGE, PAD, PATCH, PINPOINTS, TILE
from scenes.questions import SIZES, Question, Scene, alike, ask, draw_scene

IGNORED = -100  # label of positions that the loss skips
# From this step on a share of the scenes has two groups of one shape, which are rare by themselves:
# which of the two a question means is learned last.
ALIKE_FROM_STEP = 5_750
ALIKE_SHARE = 1 / 3

PREFIX = -1  # segment number of what all questions see
PADDING = -2


class Batch(NamedTuple):
    tiles: torch.Tensor  # [pictures * tiles, 3, TILE, TILE] uint8, the whole picture's first
    size: tuple[int, int]  # height and width of all pictures
    ids: torch.Tensor  # [pictures, length]
    labels: torch.Tensor  # [pictures, length], of the token that follows
    positions: torch.Tensor  # [pictures, length]
    segments: torch.Tensor  # [pictures, length]: number of the question


class Batches(torch.utils.data.Dataset):
    """Fresh scenes for each step; a step's batch depends on nothing but the seed and its number."""

    def __init__(self, tokenizer, seed: int, pictures: int, steps: int) -> None:
        self._packer = Packer(tokenizer)
        self._seed, self._pictures, self._steps = seed, pictures, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> Batch:
        rng = random.Random(f"{self._seed} {step}")
        size = random_size(rng)
        if step < ALIKE_FROM_STEP:
            scenes = [draw_scene(rng, size) for _ in range(self._pictures)]
            kinds = ("count", "colour", "place", "presence", "presence", "text")
        else:
            scenes = [_draw_later(rng, size) for _ in range(self._pictures)]
            kinds = ("count", "count", "colour", "place", "place", "presence", "presence", "text")
        return self._packer.pack(scenes, [_training_questions(scene, kinds, rng) for scene in scenes])


def random_size(rng: random.Random) -> tuple[int, int]:
    """One size for the whole batch, so that its pictures have equally many tiles."""
    return rng.choice(SIZES[rng.choice(("square", "square", "wide", "tall"))])


def _draw_later(rng: random.Random, size: tuple[int, int]) -> Scene:
    if rng.random() < ALIKE_SHARE:
        return draw_scene(rng, size, alike)
    return draw_scene(rng, size)


def _training_questions(scene: Scene, kinds: tuple[str, ...], rng: random.Random) -> list[Question]:
    kinds = (rng.choice(("describe", "brief")), *kinds)
    return [ask(kind, scene.content, rng) for kind in kinds]


class Packer:
    def __init__(self, tokenizer) -> None:
        self._tokenizer = tokenizer
        self._before = [BOS, *self._encode("[INST] ")]
        self._known: dict[str, list[int]] = {}

    def _encode(self, text: str) -> list[int]:
        return self._tokenizer(text, add_special_tokens=False).input_ids

    def _encode_known(self, text: str) -> list[int]:
        if text not in self._known:
            self._known[text] = self._encode(text)
        return self._known[text]

    def pack(self, scenes: list[Scene], questions: list[list[Question]]) -> Batch:
        width, height = scenes[0].image.size
        prefix = self._before + [IMAGE] * image_tokens(height, width)
        rows = [self._row(prefix, asked) for asked in questions]
        length = max(len(row[0]) for row in rows)
        fillers = (PAD, IGNORED, 0, PADDING)
        columns = [
            torch.tensor([row[part] + [filler] * (length - len(row[part])) for row in rows])
            for part, filler in enumerate(fillers)
        ]
        return Batch(cut_tiles([scene.image for scene in scenes]), (height, width), *columns)

    def _row(self, prefix: list[int], questions: list[Question]) -> tuple[list[int], ...]:
        ids, labels = list(prefix), [IGNORED] * len(prefix)
        positions, segments = list(range(len(prefix))), [PREFIX] * len(prefix)
        for number, question in enumerate(questions):
            given = self._encode_known(f"\n{question.prompt} [/INST]")
            # The leading space makes the answer's first word one token.
            said = [*self._encode(f" {question.answer}"), EOS]
            ids += given + said[:-1]
            labels += [IGNORED] * (len(given) - 1) + said
            count = len(given) + len(said) - 1
            positions += range(len(prefix), len(prefix) + count)
            segments += [number] * count
        return ids, labels, positions, segments


def mask_of(segments: torch.Tensor) -> torch.Tensor:
    """Which rows each row may see, [pictures, 1, length, length], as numbers to add."""
    length = segments.shape[1]
    keys, queries = segments[:, None, :], segments[:, :, None]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    seen = causal & ((keys == queries) | (keys == PREFIX))
    return torch.zeros(seen.shape).masked_fill_(~seen, float("-inf"))[:, None]


# The processor's arithmetic, for pictures of one size in one go.


def best_size(height: int, width: int) -> tuple[int, int]:
    def fit(pinpoint: list[int]) -> tuple[int, int]:
        scale = min(pinpoint[1] / width, pinpoint[0] / height)
        used = min(int(width * scale) * int(height * scale), width * height)
        return used, used - pinpoint[0] * pinpoint[1]

    return tuple(max(PINPOINTS, key=fit))


def resized_within(height: int, width: int) -> tuple[int, int]:
    best_height, best_width = best_size(height, width)
    if best_width / width < best_height / height:
        return min(-(-height * best_width // width), best_height), best_width
    return best_height, min(-(-width * best_height // height), best_width)


def kept_patches(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of patches that are left without the padding."""
    rows, columns = (side // PATCH for side in best_size(height, width))
    if width * rows > columns * height:
        return rows - (rows - height * columns // width) // 2 * 2, columns
    return rows, columns - (columns - width * rows // height) // 2 * 2


def image_tokens(height: int, width: int) -> int:
    rows, columns = kept_patches(height, width)
    return (TILE // PATCH) ** 2 + rows * (columns + 1)


def cut_tiles(images: list[Image.Image]) -> torch.Tensor:
    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in images])).permute(0, 3, 1, 2)
    height, width = pixels.shape[2:]
    inner = resized_within(height, width)
    canvas = torch.zeros(len(images), 3, *best_size(height, width), dtype=torch.uint8)
    top, left = ((outer - part) // 2 for outer, part in zip(canvas.shape[2:], inner))
    canvas[:, :, top : top + inner[0], left : left + inner[1]] = _resize(pixels, inner)
    tiles = canvas.unfold(2, TILE, TILE).unfold(3, TILE, TILE).permute(0, 2, 3, 1, 4, 5).flatten(1, 2)
    return torch.cat((_resize(pixels, (TILE, TILE))[:, None], tiles), dim=1).flatten(0, 1)


def _resize(pixels: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return torch.nn.functional.interpolate(pixels, size=size, mode="bicubic", antialias=True, align_corners=False)


def normalised(tiles: torch.Tensor) -> torch.Tensor:
    mean, std = (torch.tensor(part).mul(255).view(1, 3, 1, 1) for part in (MEAN, STD))
    return (tiles.float() - mean) / std
