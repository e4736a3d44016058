"""Does the program lose what its rounding loses, and no more? Its log-probabilities, and an embedder's vectors, beside
the exact reference and beside the reference whose numbers are rounded as the program says that it rounds them."""

import contextlib
import io
import random
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from export.__main__ import export
from parity.pictures import PROMPTS, draw_picture
from parity.reference import load_config, load_model
from program import caption_files, embed
from quality.lessons import WORDS, embedder_lesson, teach
from quality.measures import rms
from quality.ways import EXACT, WAYS, Computed

PRECISIONS = ("fp32", "fp16", "bf16", "8bit")


@dataclass(frozen=True)
class Loss:
    """Root mean squares of differences: in nats; of vectors, as a part of their own."""

    program: float  # from the exact reference
    rounded: float  # of the rounded reference, from the exact
    apart: float  # the program from the rounded reference


def losses(rng: random.Random, snapshot: Path, count: int, precisions: list[str]) -> dict[str, Loss]:
    bundle = snapshot / "bundle"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        export(snapshot, bundle)
    files = [draw_picture(rng, snapshot, number) for number in range(count)]
    prompt, texts = rng.choice(PROMPTS), [" ".join(rng.choices(PROMPTS, k=4)) for _ in files]
    model = load_model(str(snapshot))
    found = {}
    for precision in precisions:
        if load_config(str(snapshot)).model_type == "clip":
            given, values_of = _vectors(snapshot, bundle, files, texts, precision)
        else:
            given, values_of = _words(snapshot, bundle, files, prompt, precision)
        if not given.numel():  # a random model that says a placeholder first
            continue
        exact, rounded = (values_of(Computed(model, way)) for way in (EXACT, WAYS[precision]))
        found[precision] = Loss(rms(given - exact), rms(rounded - exact), rms(given - rounded))
    return found


def _words(snapshot: Path, bundle: Path, files: list[Path], prompt: str, precision: str):
    """The log-probability of each word that the program says, and how to compute them."""
    asked = ["--logprobs", "--threads", 1, "--model", bundle, "--prompt", prompt, "--num_beams", 1]
    asked += ["--max_length", WORDS, "--min_length", WORDS, "--precision", precision]
    answers = [answer["logprobs"] for answer in caption_files(files, *asked)]
    said = [up_to_placeholder(snapshot, [word["token"] for word in answer]) for answer in answers]
    likely = [word["logprob"] for words, answer in zip(said, answers) for word in answer[: len(words)]]
    given = torch.tensor(likely, dtype=torch.float64)
    lessons = [teach(snapshot, Image.open(file), prompt, words) for file, words in zip(files, said) if words]
    said = [words for words in said if words]

    def values_of(compute):
        likely = [lesson.scores(compute)[:-1].log_softmax(1) for lesson in lessons]
        return torch.cat([one.gather(1, torch.tensor(words)[:, None])[:, 0] for one, words in zip(likely, said)])

    return given, values_of


def up_to_placeholder(snapshot: Path, words: list[int]) -> list[int]:
    """A random model may say a picture's placeholder, which in a prompt would stand for a picture."""
    named = ("image_token_id", "video_token_id", "image_token_index", "video_token_index")
    placeholders = {getattr(load_config(str(snapshot)), name, None) for name in named}
    return words[: next((place for place, word in enumerate(words) if word in placeholders), len(words))]


def _vectors(snapshot: Path, bundle: Path, files: list[Path], texts: list[str], precision: str):
    embedded = embed(files, texts, "--threads", 1, "--embedder", bundle, "--precision", precision)
    given = torch.tensor([one["embedding"] for one in embedded], dtype=torch.float64)
    # One text at a time: a batch would be padded, which the program does not do.
    lessons = [embedder_lesson(snapshot, [Image.open(file)], [text]) for file, text in zip(files, texts)]

    def values_of(compute):
        both = [lesson.vectors(compute) for lesson in lessons]
        vectors = torch.stack([pair[0] for pair in both] + [pair[1] for pair in both])
        return vectors * vectors.size(1) ** 0.5  # of length 1: so that their numbers' rms is 1

    return given * given.size(1) ** 0.5, values_of
