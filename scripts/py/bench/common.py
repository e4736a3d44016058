"""What the rows of scripts/bench share: a clock, a tiny model, pictures."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")


def timed(call: Callable[[], Value]) -> tuple[float, Value]:
    """Seconds, and what the call gave."""
    start = time.perf_counter()
    value = call()
    return time.perf_counter() - start, value


def tiny_bundle(folder: Path, **sizes) -> tuple[Path, Path]:
    """(snapshot, bundle) of a tiny random BLIP-2."""
    from big_models.blip2 import export
    from tiny_models import make_blip2

    snapshot = make_blip2(folder / "snapshot", seed=7, **sizes)
    export(snapshot, folder / "bundle")
    return snapshot, folder / "bundle"


def draw_scenes(folder: Path, count: int) -> list[Path]:
    from scenes.draw import draw_scene

    files = [folder / f"scene-{number}.png" for number in range(count)]
    for number, file in enumerate(files):
        draw_scene(random.Random(number)).image.save(file)
    return files


def noisy_photo(width: int, height: int):
    """Smooth areas with grain, as a camera gives them: pure noise or a flat colour would flatter one side."""
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(3)
    smooth = Image.fromarray(noise.integers(0, 256, (height // 100, width // 100, 3), dtype=np.uint8))
    pixels = np.asarray(smooth.resize((width, height), Image.BICUBIC), dtype=np.int16)
    grain = noise.normal(0, 6, (height, width, 1)).astype(np.int16)
    return Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8))
