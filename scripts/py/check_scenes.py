"""Draws fresh scenes, sends them through the C++ program and counts the captions that are exactly true."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from program import caption_files
from scenes import draw_scene


def draw(folder, seed, count):
    rng = random.Random(seed)
    files, captions = [], []
    for number in range(count):
        scene = draw_scene(rng)
        file = Path(folder) / f"scene-{number:05}.png"
        scene.image.save(file)
        files.append(file)
        captions.append(scene.caption)
    return files, captions


def main():
    parser = argparse.ArgumentParser(prog="scripts/check-scenes", description=__doc__)
    parser.add_argument("--seed", type=int, required=True, help="the scenes to draw: any number, each gives others")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--model", default="demo-blip2", help="bundle (default: %(default)s)")
    parser.add_argument("--at-least", type=float, default=0.97, help="share that must be exact (default: %(default)s)")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        files, captions = draw(folder, arguments.seed, arguments.count)
        results = caption_files(files, "--model", arguments.model, "--threads", 1)
    exact = 0
    for file, caption, result in zip(files, captions, results):
        said = result.get("caption", result.get("error"))
        exact += said == caption
        if said != caption:
            print(f"{file.name}: said {said!r}, shows {caption!r}")
    print(f"exact {exact}/{arguments.count}")
    return exact < arguments.at_least * arguments.count


if __name__ == "__main__":
    sys.exit(main())
