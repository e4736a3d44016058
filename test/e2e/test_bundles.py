"""Snapshots of every shape become bundles that say what the reference says; broken ones are typed errors that name the
file and the key."""

import json
import shutil

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from conftest import ROOT, picture_bytes, vignette
from export.__main__ import export
from parity.reference import generate_reference
from tiny_models import make_blip2

PICTURE = ROOT / "test/events/scene-1.png"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    return make_blip2(tmp_path_factory.mktemp("tiny") / "snapshot", seed=11)


@pytest.fixture
def copy(snapshot, tmp_path):
    return shutil.copytree(snapshot, tmp_path / "snapshot")


@pytest.fixture
def bundle(copy, tmp_path):
    export(copy, tmp_path / "bundle")
    return tmp_path / "bundle"


def store(folder, shards, dtype):
    """The same weights in so many files of that type, with an index where there are several."""
    tensors = {name: tensor.to(dtype) for name, tensor in load_file(folder / "model.safetensors").items()}
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    if shards == 1:
        return save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    index = {}
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        save_file({name: tensors[name] for name in names[number::shards]}, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(names[number::shards], file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))


def caption(bundle):
    options = ["--prompt", "a photo of", "--max_length", 12, "--min_length", 0, "--num_beams", 3]
    return vignette("caption", "--json", "--tokens", "--threads", 1, "--model", bundle, *options, PICTURE)


@pytest.mark.parametrize("shards, dtype", [(3, torch.float32), (1, torch.float16), (2, torch.bfloat16)], ids=str)
def test_any_number_of_files_of_any_type_says_what_the_reference_says(copy, tmp_path, shards, dtype):
    store(copy, shards, dtype)
    export(copy, tmp_path / "bundle")
    outcome = caption(tmp_path / "bundle")
    assert outcome.code == 0, outcome.stderr
    options = {"max_new_tokens": 12, "min_new_tokens": 0, "num_beams": 3}
    assert [outcome.json["tokens"]] == generate_reference(copy, [Image.open(PICTURE)], "a photo of", **options)


def broken(bundle, change):
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    return caption(bundle)


def refused(outcome, *words):
    assert outcome.code == 1
    assert outcome.stdout == ""
    for word in words:
        assert word in outcome.stderr


def test_an_unknown_manifest_version_is_refused(bundle):
    refused(
        broken(bundle, lambda manifest: manifest.update(manifest_version=3)),
        "manifest.json",
        "version",
        "3",
        "bundle_invalid",
    )


def test_a_wrong_value_names_file_and_key(bundle):
    refused(
        broken(bundle, lambda manifest: manifest["image"].update(width="64")),
        "manifest.json",
        "image.width",
        "bundle_invalid",
    )


def test_a_missing_tensor_is_named(copy, bundle):
    file = copy / "model.safetensors"
    tensors = load_file(file)
    del tensors["language_projection.weight"]
    save_file(tensors, file, metadata={"format": "pt"})
    outcome = broken(bundle, lambda manifest: manifest["weights"]["files"][0].update(bytes=file.stat().st_size))
    refused(outcome, "language_projection.weight", str(copy), "weights_invalid")


def test_a_truncated_weights_file_is_named(copy, bundle):
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    refused(caption(bundle), "model.safetensors")


def test_a_missing_weights_file_is_named(copy, bundle):
    (copy / "model.safetensors").unlink()
    refused(caption(bundle), "model.safetensors")


def test_a_changed_program_or_tokenizer_is_refused(bundle):
    for name in ("program.pt", "tokenizer.json"):
        whole = (bundle / name).read_bytes()
        (bundle / name).write_bytes(whole[:-1] + b"x")
        refused(caption(bundle), name)
        (bundle / name).write_bytes(whole)


def test_a_snapshot_that_is_not_exported_yet_says_how(copy):
    refused(caption(copy), "vignette models add")


def test_a_picture_of_noise_goes_through_a_random_model(bundle, tmp_path):
    (tmp_path / "one.png").write_bytes(picture_bytes(size=(1, 1)))
    assert vignette("caption", "--model", bundle, tmp_path / "one.png").code == 0
