"""Does the C++ program say what transformers says? Random tiny models of every family, drawn from a seed.

Captioners: the tokens of greedy and beam search, pictures in batches of many sizes, and the beams' scores.
Embedders: the vectors of pictures and texts.
Captioners that take films, ten for each model: films of 1 to 70 frames in odd shapes and at many rates, frames chosen
by fps, timestamps, max_frames or as usual, up to three beams with their scores, presets, schemas, prefixes and
picture_tokens; and six questions about pictures in the same ways, half of them about several in one prompt. Each is
asked alone and three times at once with the others; four films with weights in bfloat16, too.
With --precision, pictures only: both sides have the same weights, numbers that the precision can hold.
"""

import argparse
import contextlib
import io
import random
import shutil
import sys
import tempfile
from pathlib import Path

import torch
from PIL import Image

from export.__main__ import export
from parity.check_films import FILMS_PER_MODEL, QUESTIONS_PER_MODEL, check_films
from parity.pictures import PROMPTS, asker, draw_picture, draw_settings
from parity.reference import image_vector, text_vectors
from parity.rounded import PRECISIONS, round_snapshot
from parity.rounding import COARSER, ROUNDING
from parity.verdict import judge
from program import caption_files, embed
from tiny_models import MAKERS, TRUE_SIZE

BATCHES = [1, 2, 7, 16]  # pictures under way together: what one says must not depend on them
PICTURES_PER_MODEL = sum(BATCHES)
BESIDE_FILMS = 4  # pictures
COSINE_LEAST = 0.9999
FILM_FAMILIES = ["llava_next_video", "video_llava", "qwen2_5_vl", "qwen3_vl"]
FAMILIES = [family for family in MAKERS if family not in TRUE_SIZE]


def make_bundle(family, seed, folder, precision):
    snapshot, bundle = Path(folder) / "snapshot", Path(folder) / "bundle"
    (MAKERS | TRUE_SIZE)[family](snapshot, seed)
    if precision:
        round_snapshot(snapshot, precision)
    export_quietly(snapshot, bundle)
    return snapshot, bundle


def make_half(snapshot: Path, folder: Path) -> tuple[Path, Path]:
    """The same model with its weights in bfloat16, which is what a CPU computes with in float32, and its bundle."""
    rounded, bundle = folder / "rounded", folder / "half"
    shutil.copytree(snapshot, rounded)
    round_snapshot(rounded, "bf16")
    export_quietly(rounded, bundle, "bfloat16")
    return rounded, bundle


def export_quietly(*arguments):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        export(*arguments)


def precision_option(precision):
    return ["--precision", precision] if precision else []


def check_captions(rng, snapshot, bundle, files, precision):
    """How many of the pictures get the reference's tokens and, of beams, its scores."""
    coarser = COARSER.get(precision, 1)
    equal = 0
    for together in BATCHES:
        settings, some, files = draw_settings(rng), files[:together], files[together:]
        if not some:
            break
        asked = ["--tokens", "--threads", 1, "--parallel", together, "--model", bundle, *settings.options()]
        results = caption_files(some, *asked, *precision_option(precision))
        for file, result in zip(some, results):
            fine, problem = judge(result, asker(snapshot, file, settings, coarser), ROUNDING * coarser)
            equal += fine
            if problem:
                print(f"{bundle.parent.name}, {file.name}, {together} together, {settings}: {problem}")
    return equal


def check_vectors(rng, snapshot, bundle, files, precision):
    """How many of the pictures, each with a text, have the reference's vectors."""
    texts = [" ".join(rng.choices(PROMPTS, k=rng.randint(1, 12))) for _ in files]
    embedded = embed(files, texts, "--threads", 1, "--embedder", bundle, *precision_option(precision))
    vectors = torch.tensor([one["embedding"] for one in embedded])
    expected = torch.stack([image_vector(snapshot, Image.open(file)) for file in files])
    expected = torch.cat([expected, torch.cat([text_vectors(snapshot, [text]) for text in texts])])
    cosines = torch.nn.functional.cosine_similarity(vectors.double(), expected.double())
    lengths = vectors.double().norm(dim=1)
    fine = (cosines >= COSINE_LEAST) & ((lengths - 1).abs() < ROUNDING)
    for place in (~fine).nonzero().flatten().tolist():
        print(f"{bundle.parent.name}, vector {place}: cosine {cosines[place]:.6f}, length {lengths[place]:.6f}")
    return int((fine[: len(files)] & fine[len(files) :]).sum())


def check_model(family, seed, count, precision):
    """How many of `count` pictures of one random model are answered as by the reference, of its films, and of the
    questions beside them."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix=f"{family}-{seed}-") as folder:
        snapshot, bundle = make_bundle(family, seed, folder, precision)
        files = [draw_picture(rng, folder, number) for number in range(count)]
        check = check_vectors if family == "clip" else check_captions
        equal = check(rng, snapshot, bundle, files, precision)
        if family not in FILM_FAMILIES or precision:
            return equal, 0, 0
        pictures = [(file, draw_settings(rng)) for file in rng.sample(files, min(BESIDE_FILMS, count))]
        return equal, *check_films(rng, snapshot, bundle, make_half(snapshot, Path(folder)), files, pictures)


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/check-parity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", choices=[*FAMILIES, *TRUE_SIZE, "all"], required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=200, help="pictures a family, 26 a model (default: %(default)s)")
    parser.add_argument("--precision", choices=PRECISIONS, help="of the program's weights; default: the bundle's")
    arguments = parser.parse_args()
    families = FAMILIES if arguments.family == "all" else [arguments.family]
    all_equal = True
    for family in families:
        starts = range(0, arguments.count, PICTURES_PER_MODEL)
        equal = [0, 0, 0]
        for number, start in enumerate(starts):
            count = min(PICTURES_PER_MODEL, arguments.count - start)
            of_model = check_model(family, arguments.seed * 1000 + number, count, arguments.precision)
            equal = [sum(both) for both in zip(equal, of_model)]
        has_films = family in FILM_FAMILIES and not arguments.precision
        per_model = [FILMS_PER_MODEL, QUESTIONS_PER_MODEL] if has_films else [0, 0]
        drawn = [arguments.count, *(each * len(starts) for each in per_model)]
        told = [f"{what} {one}/{of}" for what, one, of in zip(["equal", "films", "questions"], equal, drawn) if of]
        print(f"{family}: {', '.join(told)}", flush=True)
        all_equal = all_equal and equal == drawn
    return not all_equal


if __name__ == "__main__":
    sys.exit(main())
