"""Random pictures of odd sizes."""

import numpy as np
from PIL import Image


def draw_picture(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    small = rng.integers(0, 256, (rng.integers(2, 9), rng.integers(2, 9), 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.BICUBIC)


def draw_pictures(count: int, seed: int) -> list[Image.Image]:
    rng = np.random.default_rng(seed)
    sides = rng.integers(20, 150, (count, 2))
    return [draw_picture(rng, int(width), int(height)) for width, height in sides]


def draw_sizes(count: int, seed: int) -> list[tuple[int, int]]:
    """Widths and heights: everyday ones, and strips."""
    rng = np.random.default_rng(seed)
    sizes = [(1, 1), (1, 90), (90, 1), (2, 300), (300, 2), (64, 64)]
    return sizes + [tuple(int(side) for side in rng.integers(1, 260, 2)) for _ in range(count - len(sizes))]
