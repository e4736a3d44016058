"""CLIP's program and manifest against transformers, on random tiny models."""

import hashlib
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from bundle_twin import pixels
from export.__main__ import main as export_main
from parity import reference
from parity.rounding import ROUNDING, apart
from pictures import draw_picture, draw_sizes
from slot_engine import load_program, read_manifest
from tiny_models import make_clip
from tiny_models.common import WORDS

SEEDS = [1, 2, 3, 4, 5]
SIZES_A_MODEL = 64

torch.set_num_threads(1)
torch._C._jit_set_profiling_mode(False)  # as the C++ side runs it
torch.set_grad_enabled(False)


class Case:
    def __init__(self, folder: Path, seed: int) -> None:
        self.seed = seed
        self.snapshot = make_clip(folder / "snapshot", seed)
        self.bundle = folder / "bundle"
        assert export_main([str(self.snapshot), str(self.bundle)]) == 0
        self.program = load_program(self.bundle)
        self.manifest = read_manifest(self.bundle)
        rng = np.random.default_rng(seed)
        self.pictures = [draw_picture(rng, *size) for size in draw_sizes(SIZES_A_MODEL, seed)]

    def texts(self, count: int) -> list[str]:
        rng = random.Random(self.seed)
        return [" ".join(rng.choices(WORDS, k=rng.randint(0, 6))) for _ in range(count)]


@pytest.fixture(scope="module", params=SEEDS)
def case(request, tmp_path_factory) -> Case:
    return Case(tmp_path_factory.mktemp(f"model-{request.param}"), request.param)


def text_ids(case: Case, texts: list[str]) -> torch.Tensor:
    """As the C++ side makes them: cut, but with the end; padded by the manifest's pad."""
    text = case.manifest["text"]
    tokenizer = Tokenizer.from_file(str(case.bundle / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    rows = [tokenizer.encode(one, add_special_tokens=text["special_tokens"]).ids for one in texts]
    most = text["max_tokens"]
    rows = [torch.tensor(row if len(row) <= most else row[: most - 1] + row[-1:]) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=text["pad"])


def test_pixels_are_bit_equal(case):
    for picture in case.pictures:
        expected = reference.pixel_values(case.snapshot, picture)
        assert torch.equal(pixels(case.manifest["image"], picture), expected), picture.size


def test_vectors_of_pictures(case):
    together = case.program.embed_image(torch.cat([pixels(case.manifest["image"], one) for one in case.pictures[:8]]))
    assert together.dtype == torch.float32
    assert together.shape == (8, case.manifest["embedding"]["width"])
    for picture, found in zip(case.pictures, together):
        expected = reference.image_vector(case.snapshot, picture)
        assert apart(found, expected) < ROUNDING
        assert torch.cosine_similarity(found, expected, dim=0) >= 0.9999


def test_vectors_of_texts(case):
    texts = [*case.texts(12), "", " ".join(WORDS * 3)]  # the last is longer than any model takes
    expected = reference.text_vectors(case.snapshot, texts)
    together = case.program.embed_text(text_ids(case, texts))
    assert apart(together, expected) < ROUNDING
    assert torch.cosine_similarity(together, expected).min() >= 0.9999
    for text, vector in zip(texts, together):
        assert apart(case.program.embed_text(text_ids(case, [text]))[0], vector) < ROUNDING


def test_vectors_are_unlike_each_other(case):
    """Else the tests above would prove little."""
    found = case.program.embed_text(text_ids(case, sorted(set(case.texts(8)))))
    assert torch.cosine_similarity(found[None], found[:, None], dim=-1).median() < 0.95


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(case, tmp_path, dtype):
    assert export_main([str(case.snapshot), str(tmp_path), "--dtype", dtype]) == 0
    assert read_manifest(tmp_path)["program"] == case.manifest["program"]
    program = load_program(tmp_path)
    made = program.embed_image(pixels(case.manifest["image"], case.pictures[0]))
    assert made.dtype == torch.float32
    expected = reference.image_vector(case.snapshot, case.pictures[0])
    assert torch.cosine_similarity(made[0], expected, dim=0) >= (0.9999 if dtype == "float16" else 0.99)
    texts = case.texts(4)
    expected, made = reference.text_vectors(case.snapshot, texts), program.embed_text(text_ids(case, texts))
    assert torch.cosine_similarity(made, expected).min() >= (0.999 if dtype == "float16" else 0.98)


def test_the_manifest(case):
    manifest, config = case.manifest, reference.load_config(str(case.snapshot))
    assert list(manifest) == [
        "manifest_version", "name", "family", "kind", "dtype", "source", "program", "tokenizer",
        "weights", "image", "text", "embedding",
    ]  # fmt: skip
    assert (manifest["family"], manifest["kind"]) == ("clip", "embedder")
    assert manifest["text"] == {
        "template": "{prompt}",
        "max_tokens": config.text_config.max_position_embeddings,
        "pad": config.text_config.pad_token_id,
        "vocabulary": config.text_config.vocab_size,
        "special_tokens": True,
    }
    side, image = config.vision_config.image_size, manifest["image"]
    assert (image["recipe"], image["width"], image["height"]) == ("crop", side, side)
    content = (case.bundle / "program.pt").read_bytes()
    assert manifest["program"]["sha256"] == hashlib.sha256(content).hexdigest()
