"""Boxes, by tiny random Qwen-VL models: they are where nothing is, but of the picture as it is shown."""

import base64
import io
import json
import os
import subprocess
import sys

import pytest
from PIL import Image
from tokenizers import Tokenizer
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

from conftest import ROOT, run_input

UPRIGHT = (300, 2100)


@pytest.fixture(scope="session", params=["qwen2_5_vl", "qwen3_vl"])
def model(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    env = {**os.environ, "PYTHONPATH": str(ROOT / "scripts/py")}
    for words in (
        ["tiny_models", "snapshot", "--family", request.param, "--seed", "7"],
        ["export", "snapshot", "bundle"],
    ):
        subprocess.run([sys.executable, "-m", *words], cwd=folder, env=env, check=True, capture_output=True)
    return folder / "bundle"


@pytest.fixture(scope="session")
def lying():
    """A photo that its camera's turn has to be taken back of, larger than the model takes."""
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.linear_gradient("L").resize(UPRIGHT[::-1]).save(file, "JPEG", exif=exif)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def told_in(bundle) -> tuple[int, int]:
    manifest = json.loads((bundle / "manifest.json").read_text())
    if manifest["text"]["boxes"] == "thousandths":
        return 1000, 1000
    image = manifest["image"]
    bounds = {"min_pixels": image["pixels_min"], "max_pixels": image["pixels_max"]}
    height, width = smart_resize(*UPRIGHT[::-1], factor=image["patch"], **bounds)
    assert (width, height) != UPRIGHT
    return width, height


def scaled(at, told, shown):
    return int(min(at / told, 1) * shown + 0.5)


def test_boxes_are_in_the_clients_pixels(model, lying):
    job = {"image": lying, "preset": "grounding", "temperature": 1, "return_tokens": True, "max_length": 500}
    tokenizer, (width, height), seen = Tokenizer.from_file(str(model / "tokenizer.json")), told_in(model), 0
    for seed in range(4):
        answer = run_input(job | {"seed": seed, "bad_words": ["[]"]}, env={"VIGNETTE_MODEL": str(model)}).json
        if answer["finish_reason"] != "stop":
            continue
        expected = []
        for item in json.loads(tokenizer.decode(answer["tokens"])):
            sides = item["bbox_2d"]
            across = sorted(scaled(sides[i], width, UPRIGHT[0]) for i in (0, 2))
            down = sorted(scaled(sides[i], height, UPRIGHT[1]) for i in (1, 3))
            if across[0] < across[1] and down[0] < down[1]:
                expected.append({"label": item["label"], "box": [across[0], down[0], across[1], down[1]]})
        assert answer["json"] == expected and json.loads(answer["caption"]) == expected
        seen += len(expected)
    assert seen, "else the seeds are bad ones"


def test_boxes_are_of_one_picture(model, lying):
    job = {"images": [lying, lying], "together": True, "preset": "grounding"}
    done = run_input(job, env={"VIGNETTE_MODEL": str(model)})
    assert done.json["error"]["code"] == "invalid_input" and done.json["error"]["field"] == "input.together"


def test_a_model_that_tells_no_places_is_no_use(lying):
    done = run_input({"image": lying, "preset": "grounding", "model": "demo-llava-next"})
    assert done.json["error"]["code"] == "unsupported" and "Qwen-VL" in done.json["error"]["message"]
