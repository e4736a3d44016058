"""Programs with an encoder: half precision, the small formulas, the manifest, and what is refused."""

import json
import random
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.models.t5.modeling_t5 import T5Attention

from bundle_twin import prompt_embeds
from export.__main__ import main as export_main
from export.parts.t5_parts import clamp_infinite, relative_buckets
from parity import reference
from pictures import draw_pictures
from slot_engine import Request, SlotEngine, load_program, read_manifest
from tiny_models import MAKERS

PROMPT, MOST = "a photo of", 16
# Two roundings of one sum may choose different words only where the reference itself hardly prefers one. In units of
# the logits, which are about 10, and have 11 or 8 binary digits.
EPSILON = {"float16": 0.1, "bfloat16": 0.8}

torch.set_num_threads(1)
torch._C._jit_set_profiling_mode(False)  # as the C++ side runs it
torch.set_grad_enabled(False)


@pytest.fixture(scope="module", params=["blip2-t5", "blip"])
def snapshot(request, tmp_path_factory) -> Path:
    return MAKERS[request.param](tmp_path_factory.mktemp("model") / "snapshot", 3)


def reference_steps(model, snapshot: Path, picture, dtype: torch.dtype) -> tuple[list[int], torch.Tensor]:
    """Its greedy tokens, and the logits of each step."""
    inputs = reference.make_inputs(snapshot, picture, PROMPT)
    inputs["pixel_values"] = inputs["pixel_values"].to(dtype)
    said = model.generate(
        **inputs, do_sample=False, max_new_tokens=MOST, return_dict_in_generate=True, output_logits=True
    )
    logits = torch.cat(said.logits).float()
    return said.sequences[0, -len(logits) :].tolist(), logits


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(snapshot, tmp_path, dtype):
    """The same program; weights in the reference's dtypes, and its words but where it hesitates."""
    assert export_main([str(snapshot), str(tmp_path / "half"), "--dtype", dtype]) == 0
    assert export_main([str(snapshot), str(tmp_path / "full")]) == 0
    assert read_manifest(tmp_path / "half")["program"] == read_manifest(tmp_path / "full")["program"]
    program, model = load_program(tmp_path / "half"), reference.load_model(str(snapshot), getattr(torch, dtype))
    ours, theirs = dict(program.named_parameters()), dict(model.named_parameters())
    assert all(ours[name].dtype == theirs[name].dtype for name in theirs if name in ours)

    pictures, hesitated = draw_pictures(6, 3), 0
    requests = [Request(prompt_embeds(tmp_path / "half", program, [picture], PROMPT)) for picture in pictures]
    found = SlotEngine(tmp_path / "half", program, slots=3).serve(requests, MOST, 0, random.Random(1))
    for picture, tokens in zip(pictures, found):
        expected, logits = reference_steps(model, snapshot, picture, getattr(torch, dtype))
        differing = [step for step, (one, other) in enumerate(zip(tokens, expected)) if one != other]
        if differing:
            first = logits[differing[0]]
            assert float(first.max() - first[tokens[differing[0]]]) < EPSILON[dtype]
            hesitated += 1
        else:
            assert tokens == expected
    assert hesitated <= len(pictures) / 2


def test_relative_buckets_are_the_references():
    distances = torch.arange(-700, 701)
    for both_ways in (True, False):
        for buckets, most in [(32, 128), (8, 20), (32, 20), (64, 300)]:
            expected = T5Attention._relative_position_bucket(distances, both_ways, buckets, most)
            assert torch.equal(relative_buckets(distances, both_ways, buckets, most), expected)


def test_infinite_numbers_come_back_in_range_without_touching_neighbours():
    x = torch.tensor([[[1.0, float("inf")], [-float("inf"), 65504.0]], [[2.0, 65504.0], [-65504.0, 3.0]]])
    clamped = clamp_infinite(x.half()).float()
    assert clamped[0].flatten().tolist() == [1.0, 64512.0, -64512.0, 64512.0]  # 64504 as float16 has it
    assert torch.equal(clamped[1], x[1])
    assert torch.equal(clamp_infinite(x), x)


def copy_of(snapshot: Path, folder: Path) -> Path:
    return Path(shutil.copytree(snapshot, folder / "copy"))


def change(file: Path, edit) -> None:
    value = json.loads(file.read_text())
    edit(value)
    file.write_text(json.dumps(value))


def test_a_head_in_the_files_counts_even_where_it_equals_the_words(snapshot, tmp_path):
    """Old files have both; new ones leave out what is tied. The reference reads both kinds alike."""
    home = copy_of(snapshot, tmp_path)
    manifest_of = {}
    for kind in ("as saved", "with a head"):
        tensors = load_file(home / "model.safetensors")
        if kind == "with a head":
            for name, source in manifest_of["as saved"]["weights"]["renames"]:
                tensors[name] = tensors.get(name, tensors[source]).clone()
            save_file(tensors, home / "model.safetensors", metadata={"format": "pt"})
        assert export_main([str(home), str(home)]) == 0
        manifest_of[kind] = read_manifest(home)
        program = load_program(home)
        (picture,) = draw_pictures(1, 5)
        request = Request(prompt_embeds(home, program, [picture], PROMPT))
        found = SlotEngine(home, program, slots=1).serve([request], MOST, 0, random.Random(1))
        assert found == reference.generate_reference(snapshot, [picture], PROMPT, MOST)
    assert manifest_of["as saved"]["program"] == manifest_of["with a head"]["program"]


def test_the_manifests_rules(snapshot, tmp_path):
    assert export_main([str(snapshot), str(tmp_path / "bundle")]) == 0
    manifest = read_manifest(tmp_path / "bundle")
    config = json.loads((snapshot / "config.json").read_text())
    text, cache, of = manifest["text"], manifest["cache"], config["text_config"]
    assert (text["template"], text["image_text"], text["placement"]) == ("{prompt}", "", "before")
    assert manifest["image"]["recipe"] == "stretch" and manifest["weights"]["ties"] == {}
    if manifest["family"] == "blip":
        side = config["vision_config"]["image_size"] // config["vision_config"]["patch_size"]
        assert (text["image_tokens"], text["image_token"], text["eos"]) == (side * side + 1, 0, [of["sep_token_id"]])
        assert (text["special_tokens"], text["prefix"], text["suffix"]) == (False, [of["bos_token_id"]], [])
        assert text["history"] == "text"
        assert cache["positions"] == side * side + 1 + min(128, of["max_position_embeddings"])
    else:
        assert (text["image_tokens"], text["eos"]) == (config["num_query_tokens"], [1])
        assert (text["special_tokens"], text["prefix"], text["suffix"]) == (True, [], [0])
        assert text["history"] == "suffix"
        shape = {"layers": of["num_decoder_layers"], "heads": of["num_heads"], "head_dim": of["d_kv"]}
        assert cache == shape | {"positions": 256}


REFUSED = {
    "blip2-t5": [
        (lambda text: text.update(feed_forward_proj="relu"), "text_config.feed_forward_proj 'relu'"),
        (lambda text: text.update(decoder_start_token_id=70000), "decoder_start_token_id 70000, which is not in the"),
        (lambda text: text.update(eos_token_id=None), "no caption would ever end"),
    ],
    "blip": [
        (lambda text: text.update(hidden_act="relu"), "text_config.hidden_act 'relu'"),
        (lambda text: text.update(sep_token_id=None), "no caption would ever end"),
        (lambda text: text.update(bos_token_id=70000), "bos_token_id 70000, which is not in the vocabulary"),
        (lambda text: text.update(is_decoder=False), "text_config.is_decoder False"),
    ],
}


def test_configs_that_are_refused(capsys, snapshot, tmp_path):
    family = "blip" if json.loads((snapshot / "config.json").read_text())["model_type"] == "blip" else "blip2-t5"
    for number, (edit, expected) in enumerate(REFUSED[family]):
        home = copy_of(snapshot, tmp_path / str(number))
        change(home / "config.json", lambda config, edit=edit: edit(config["text_config"]))
        assert export_main([str(home), str(tmp_path / "bundle")]) == 1
        assert expected in capsys.readouterr().err
