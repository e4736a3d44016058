"""Does the C++ program say what transformers says? Random tiny models of every family, drawn from a seed.

Captioners: the tokens of greedy and beam search, pictures in batches of many sizes, and the beams' scores. Of those
that take films, a few for each model.
Embedders: the vectors of pictures and texts.
"""

import argparse
import contextlib
import io
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from export.__main__ import export
from parity.check_films import FILMS_PER_MODEL, check_films
from parity.reference import generate_reference, image_vector, reference_scores, text_vectors
from parity.rounding import ROUNDING, apart
from program import caption_files, embed
from tiny_models import MAKERS, TRUE_SIZE

MODES = ["RGB", "RGB", "RGB", "L", "RGBA", "P", "1"]
PROMPTS = ["a photo of", "", "Question: how many? Answer:", "ein Bild von \u00fcber 3 \U0001f98a"]
BATCHES = [1, 2, 7, 16]  # pictures under way together: what one says must not depend on them
PICTURES_PER_MODEL = sum(BATCHES)
COSINE_LEAST = 0.9999
SHAKES = 8  # each falls to either side of a tie
FILM_FAMILIES = ["llava_next_video", "qwen2_5_vl", "qwen3_vl"]
FAMILIES = [family for family in MAKERS if family not in TRUE_SIZE]


@dataclass
class Settings:
    prompt: str
    max_length: int
    min_length: int
    num_beams: int

    def options(self):
        return [
            "--prompt", self.prompt, "--max_length", self.max_length,
            "--min_length", self.min_length, "--num_beams", self.num_beams, "--n", self.num_beams,
        ]  # fmt: skip


def draw_settings(rng):
    max_length = rng.choice([1, 12, 24, 40])
    min_length = rng.choice([0, min(3, max_length), min(8, max_length)])
    return Settings(rng.choice(PROMPTS), max_length, min_length, rng.choice([1, 1, 2, 3]))


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
    (MAKERS | TRUE_SIZE)[family](snapshot, seed)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        export(snapshot, bundle)
    return snapshot, bundle


def check_captions(rng, snapshot, bundle, files):
    """How many of the pictures get the reference's tokens and, of beams, its scores."""
    equal = 0
    for together in BATCHES:
        settings, some, files = draw_settings(rng), files[:together], files[together:]
        if not some:
            break
        results = caption_files(
            some, "--tokens", "--threads", 1, "--parallel", together, "--model", bundle, *settings.options()
        )
        for file, result in zip(some, results):
            asked = (Image.open(file), settings.prompt, settings.max_length, settings.min_length, settings.num_beams)
            problem = difference(result, snapshot, asked)
            tie = problem and any(not difference(result, snapshot, asked, 1 + shake) for shake in range(SHAKES))
            equal += not problem or tie
            if problem:
                reason = "a tie, which rounding decides" if tie else "WRONG"
                print(f"{bundle.parent.name}, {file.name}, {together} together, {settings}: {reason}: {problem}")
    return equal


def difference(result, snapshot, asked, shake=0):
    """What is different; empty if nothing is. Where two words are equally likely but for rounding, so is what the
    reference says about a picture that was shaken by as much."""
    image, *settings, num_beams = asked
    expected, largest = (
        reference_scores(snapshot, image, *settings, num_beams, shake)
        if num_beams > 1
        else ([(generate_reference(snapshot, [image], *settings, shake=shake)[0], None)], 0)
    )
    tokens = expected[0][0]
    if result.get("tokens") != tokens:
        return f"\n  ours   {result.get('tokens', result)}\n  theirs {tokens}"
    if num_beams == 1:
        return ""
    theirs, ours = [score for _, score in expected], [one["score"] for one in result["captions"]]
    if len(ours) == len(theirs) and apart(ours, theirs, largest) < ROUNDING:
        return ""
    return f"\n  scores ours   {ours}\n  scores theirs {theirs}"


def check_vectors(rng, snapshot, bundle, files):
    """How many of the pictures, each with a text, have the reference's vectors."""
    texts = [" ".join(rng.choices(PROMPTS, k=rng.randint(1, 12))) for _ in files]
    vectors = torch.tensor([one["embedding"] for one in embed(files, texts, "--threads", 1, "--embedder", bundle)])
    expected = torch.stack([image_vector(snapshot, Image.open(file)) for file in files])
    expected = torch.cat([expected, torch.cat([text_vectors(snapshot, [text]) for text in texts])])
    cosines = torch.nn.functional.cosine_similarity(vectors.double(), expected.double())
    lengths = vectors.double().norm(dim=1)
    fine = (cosines >= COSINE_LEAST) & ((lengths - 1).abs() < ROUNDING)
    for place in (~fine).nonzero().flatten().tolist():
        print(f"{bundle.parent.name}, vector {place}: cosine {cosines[place]:.6f}, length {lengths[place]:.6f}")
    return int((fine[: len(files)] & fine[len(files) :]).sum())


def check_model(family, seed, count):
    """How many of `count` pictures of one random model are answered as by the reference, and how many of its films."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix=f"{family}-{seed}-") as folder:
        snapshot, bundle = make_bundle(family, seed, folder)
        files = [draw_picture(rng, folder, number) for number in range(count)]
        check = check_vectors if family == "clip" else check_captions
        pictures = check(rng, snapshot, bundle, files)
        return pictures, check_films(rng, snapshot, bundle, PROMPTS) if family in FILM_FAMILIES else 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/check-parity", description=__doc__)
    parser.add_argument("--family", choices=[*FAMILIES, *TRUE_SIZE, "all"], required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=200, help="pictures a family (default: %(default)s)")
    arguments = parser.parse_args()
    families = FAMILIES if arguments.family == "all" else [arguments.family]
    all_equal = True
    for family in families:
        equal, films = 0, 0
        starts = range(0, arguments.count, PICTURES_PER_MODEL)
        for number, start in enumerate(starts):
            count = min(PICTURES_PER_MODEL, arguments.count - start)
            pictures, of_model = check_model(family, arguments.seed * 1000 + number, count)
            equal, films = equal + pictures, films + of_model
        drawn = FILMS_PER_MODEL * len(starts) if family in FILM_FAMILIES else 0
        print(f"{family}: equal {equal}/{arguments.count}" + f", films {films}/{drawn}" * (drawn > 0), flush=True)
        all_equal = all_equal and equal == arguments.count and films == drawn
    return not all_equal


if __name__ == "__main__":
    sys.exit(main())
