"""PRECISION_MODE: the same words with weights of fewer bytes, and what an answer says of them."""

import pytest

from conftest import picture_bytes, run_input, vignette

WEIGHTS = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16", "8bit": "int8"}
DEMOS = ["demo-blip2", "demo-llava-next", "demo-qwen3-vl"]


def scene_file(folder):
    file = folder / "scene.png"
    file.write_bytes(picture_bytes())
    return file


@pytest.mark.parametrize("model", DEMOS)
@pytest.mark.parametrize("precision", WEIGHTS)
def test_the_demos_say_the_same_in_each_precision(scene, model, precision):
    usual = run_input(scene | {"model": model}).json
    result = run_input(scene | {"model": model}, env={"PRECISION_MODE": precision}).json
    assert result["caption"] == usual["caption"]
    assert result["model_info"]["dtype"] == "float32"
    assert result["model_info"]["weights"] == WEIGHTS[precision]
    assert usual["model_info"]["weights"] == "float32"


@pytest.mark.parametrize("precision", ["fp16", "bf16", "8bit"])
def test_vectors_point_the_same_way(scene, precision):
    usual, other = (
        run_input(scene | {"task": "embed"}, env={"PRECISION_MODE": one}).json["embedding"]
        for one in ("fp32", precision)
    )
    assert sum(a * b for a, b in zip(usual, other)) >= 0.999  # both are of length 1
    assert usual != other


def test_what_a_cpu_cannot_do_is_refused_with_what_it_can(tmp_path):
    refused = vignette("caption", "--device", "cpu", "--precision", "fp8", scene_file(tmp_path))
    assert refused.code != 0
    assert "the precision fp8 does not run on a CPU; use 8bit, fp16, bf16 or fp32" in refused.stderr


def test_an_unknown_precision_is_told_with_the_known_ones(tmp_path):
    refused = vignette("caption", scene_file(tmp_path), env={"PRECISION_MODE": "int4"})
    assert refused.code == 2
    assert "the variable PRECISION_MODE: `int4` is unknown; use one of 8bit, bf16, fp16, fp32, fp8" in refused.stderr
