"""Are the tokens of the C++ program those of transformers' generate()? Random tiny models, drawn from a seed."""

import argparse
import contextlib
import io
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from export.__main__ import export
from PIL import Image
from program import caption_files
from reference import generate_reference
from tiny_models import MAKERS

MODES = ["RGB", "RGB", "RGB", "L", "RGBA", "P", "1"]
PROMPTS = ["a photo of", "", "Question: how many? Answer:", "ein Bild von \u00fcber 3 \U0001f98a"]
PICTURES_PER_MODEL = 20


@dataclass
class Wish:
    prompt: str
    max_length: int
    min_length: int
    num_beams: int

    def options(self):
        return [
            "--prompt", self.prompt, "--max_length", self.max_length,
            "--min_length", self.min_length, "--num_beams", self.num_beams,
        ]  # fmt: skip


def draw_wish(rng):
    max_length = rng.choice([1, 12, 24, 40])
    return Wish(rng.choice(PROMPTS), max_length, rng.choice([0, min(3, max_length), min(8, max_length)]), rng.choice([1, 1, 2, 3, 3]))


def draw_picture(rng, folder, number):
    """A smooth random picture of an odd size and mode, saved without loss."""
    noise = np.random.default_rng(rng.randrange(2**32))
    width, height = rng.randint(7, 300), rng.randint(7, 300)
    small = noise.integers(0, 256, (rng.randint(2, 9), rng.randint(2, 9), 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.BICUBIC).convert(rng.choice(MODES))
    file = Path(folder) / f"picture-{number}.png"
    image.save(file)
    return file


def make_bundle(family, seed, folder):
    snapshot, bundle = Path(folder) / "snapshot", Path(folder) / "bundle"
    MAKERS[family](snapshot, seed)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        export(snapshot, bundle)
    return snapshot, bundle


def check_model(family, seed, count):
    """How many of `count` pictures of one random model get the reference's tokens."""
    rng = random.Random(seed)
    equal = 0
    with tempfile.TemporaryDirectory() as folder:
        snapshot, bundle = make_bundle(family, seed, folder)
        for start in range(0, count, 5):  # a few pictures for each wish, together in the engine
            wish = draw_wish(rng)
            files = [draw_picture(rng, folder, number) for number in range(start, min(start + 5, count))]
            results = caption_files(files, "--tokens", "--threads", 1, "--model", bundle, *wish.options())
            images = [Image.open(file) for file in files]
            expected = generate_reference(
                snapshot, images, wish.prompt, max_new_tokens=wish.max_length,
                min_new_tokens=wish.min_length, num_beams=wish.num_beams,
            )  # fmt: skip
            for file, result, tokens in zip(files, results, expected):
                equal += result.get("tokens") == tokens
                if result.get("tokens") != tokens:
                    print(f"model {seed}, {file.name}, {wish}:\n  ours   {result.get('tokens', result)}\n  theirs {tokens}")
    return equal


def main():
    parser = argparse.ArgumentParser(prog="scripts/check-parity", description=__doc__)
    parser.add_argument("--family", choices=[*MAKERS, "all"], required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=200, help="pictures a family (default: %(default)s)")
    arguments = parser.parse_args()
    families = list(MAKERS) if arguments.family == "all" else [arguments.family]
    equal = total = 0
    for family in families:
        for number, start in enumerate(range(0, arguments.count, PICTURES_PER_MODEL)):
            count = min(PICTURES_PER_MODEL, arguments.count - start)
            equal += check_model(family, arguments.seed * 1000 + number, count)
            total += count
    print(f"equal {equal}/{total}")
    return equal != total


if __name__ == "__main__":
    sys.exit(main())
