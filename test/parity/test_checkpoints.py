"""Programs at the true size of the published checkpoints, on the meta device, and the ready bundles made of them."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

from export.checkpoints import expand, expand_keys, folder_name, known_checkpoints, load_checkpoint, write_small_files
from export.errors import ExportError
from export.families import open_family
from export.program import check_weights, find_key
from export.snapshot import open_snapshot
from parity.reference import WAYS
from slot_engine import read_manifest

ROOT = Path(__file__).resolve().parents[2]
POSITIONS = {
    "Salesforce/blip2-opt-2.7b": 256,
    "Salesforce/blip2-opt-2.7b-coco": 256,
    "Salesforce/blip2-flan-t5-xl": 256,
    "Salesforce/blip-image-captioning-base": 577 + 128,
    "Salesforce/blip-image-captioning-large": 577 + 128,
    "llava-hf/llava-v1.6-mistral-7b-hf": 3584,
    "llava-hf/llava-v1.6-vicuna-7b-hf": 3584,
    "llava-hf/LLaVA-NeXT-Video-7B-hf": 5120,
    "LanguageBind/Video-LLaVA-7B-hf": 2560,
    "Qwen/Qwen2.5-VL-3B-Instruct": 4096,
    "Qwen/Qwen2.5-VL-7B-Instruct": 4096,
    "Qwen/Qwen3-VL-2B-Instruct": 4096,
    "Qwen/Qwen3-VL-4B-Instruct": 4096,
    "Qwen/Qwen3-VL-8B-Instruct": 4096,
}
# The sums of what the checkpoints' pages say of their files, in numbers; those of the reference where they say nothing.
NUMBERS = {
    "llava-hf/llava-v1.6-mistral-7b-hf": 7_566_747_648,
    "llava-hf/llava-v1.6-vicuna-7b-hf": 7_063_431_168,
    "llava-hf/LLaVA-NeXT-Video-7B-hf": 7_063_431_168,
    "LanguageBind/Video-LLaVA-7B-hf": 7_366_279_168,
    "openai/clip-vit-base-patch32": 151_277_313 + 77 + 50,  # the rest are position ids
    "openai/clip-vit-large-patch14": 427_616_513 + 77 + 257,
    "Qwen/Qwen2.5-VL-3B-Instruct": 3_754_622_976,
    "Qwen/Qwen2.5-VL-7B-Instruct": 8_292_166_656,
    "Qwen/Qwen3-VL-2B-Instruct": 2_127_532_032,
    "Qwen/Qwen3-VL-4B-Instruct": 4_437_815_808,
    "Qwen/Qwen3-VL-8B-Instruct": 8_767_123_696,
}
# The same of pages that only say gigabytes of float32, or millions of numbers.
GIGABYTES = {"Salesforce/blip2-opt-2.7b": 14.98, "Salesforce/blip2-flan-t5-xl": 9.96 + 5.81}
MILLIONS = {"Salesforce/blip-image-captioning-large": 470}
EXTRA = {"text_model.embeddings.position_ids", "vision_model.embeddings.position_ids"}


class Known:
    def __init__(self, source: str, folder: Path) -> None:
        self.source, self.facts = source, load_checkpoint(source)
        write_small_files(self.facts, folder)
        self.config = open_snapshot(folder)
        self.family, self.described = open_family(self.config, folder)
        self.keys = expand_keys(self.facts["keys"])


@pytest.fixture(scope="module", params=known_checkpoints())
def known(request, tmp_path_factory) -> Known:
    return Known(request.param, tmp_path_factory.mktemp("checkpoint"))


def test_patterns_expand():
    assert expand("plain.weight") == ["plain.weight"]
    assert expand("a.{0..2}.{q,k}") == ["a.0.q", "a.0.k", "a.1.q", "a.1.k", "a.2.q", "a.2.k"]
    assert len(expand("{9..11}")) == 3


def test_the_program_asks_for_what_the_files_have(known):
    module = known.family.make_program(known.config)
    assert check_weights(module, known.described, known.keys) <= sum(map(numbers_of, known.keys.values()))
    asked = dict(module.named_parameters())
    name = next(name for name in asked if name not in known.described["ties"])
    key = find_key(name, known.described, known.keys)
    without = {other: shape for other, shape in known.keys.items() if other != key}
    with pytest.raises(ExportError, match=f"the weights lack {name}"):
        check_weights(module, known.described, without)
    with pytest.raises(ExportError, match="has the shape"):
        check_weights(module, known.described, known.keys | {key: [*known.keys[key], 1]})


@pytest.mark.parametrize("source", NUMBERS)
def test_the_files_have_what_the_reference_has(source, tmp_path):
    """The lists of keys are not made by our programs: they are held against transformers' own."""
    known = Known(source, tmp_path)
    with torch.device("meta"):
        model = WAYS[known.config.model_type].model(known.config)
    theirs = Counter(tuple(value.shape) for value in model.parameters())  # tied ones once, as files have them
    assert Counter(tuple(shape) for key, shape in known.keys.items() if key not in EXTRA) == theirs
    assert sum(map(numbers_of, known.keys.values())) == NUMBERS[source]


@pytest.mark.parametrize("source", [*GIGABYTES, *MILLIONS])
def test_the_files_are_as_large_as_the_pages_say(source):
    numbers = sum(map(numbers_of, expand_keys(load_checkpoint(source)["keys"]).values()))
    if source in GIGABYTES:
        assert 4 * numbers / 1e9 == pytest.approx(GIGABYTES[source], abs=0.01)
    else:
        assert numbers / 1e6 == pytest.approx(MILLIONS[source], abs=0.5)


def numbers_of(shape: list[int]) -> int:
    return torch.Size(shape).numel()


@pytest.fixture(scope="module")
def made_again(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ready")
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT / "scripts/py")}
    command = [sys.executable, "-m", "export.ready_bundles", folder]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("source", known_checkpoints())
def test_the_committed_bundles_are_what_the_export_makes(source, made_again):
    """After a change of a program: scripts/export --checkpoint ID models/<org>--<name>"""
    committed, made = (folder / folder_name(source) for folder in (ROOT / "models", made_again))
    assert sorted(file.name for file in committed.iterdir()) == ["manifest.json", "program.pt"]
    for name in ("manifest.json", "program.pt"):
        assert (committed / name).read_bytes() == (made / name).read_bytes(), name
    manifest = read_manifest(committed)
    assert manifest["source"] == source and manifest["name"] == source.split("/")[1]
    assert manifest["weights"]["folder"] is None and manifest["weights"]["files"] == []
    assert manifest["tokenizer"] == {"file": "tokenizer.json", "sha256": None}
    assert (committed / "program.pt").stat().st_size < 400_000
    if source in POSITIONS:
        assert manifest["cache"]["positions"] == POSITIONS[source]


def test_an_unknown_checkpoint_is_refused(tmp_path):
    command = [ROOT / "scripts/export", "--checkpoint", "some/dog", tmp_path / "bundle"]
    done = subprocess.run(command, env=os.environ | {"VIGNETTE_PYTHON": sys.executable}, capture_output=True, text=True)
    assert done.returncode == 1 and "the checkpoint some/dog is not known; the known ones are: " in done.stderr
    assert not (tmp_path / "bundle").exists()
