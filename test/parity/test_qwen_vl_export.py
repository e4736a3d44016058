"""What an export of Qwen2.5-VL and Qwen3-VL writes and refuses: the manifest, spellings of keys, sizes, templates."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from export.chat import template_of
from exporting import change, exported, refusal
from slot_engine import load_program
from tiny_models import MAKERS
from tiny_models.qwen_vl import CHAT_2_5, CHAT_3

FAMILIES = ["qwen2_5_vl", "qwen3_vl"]
ASKED = "<|im_start|>user\n{images}{prompt}<|im_end|>\n<|im_start|>assistant\n"
SYSTEM = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
TEMPLATES = {"qwen2_5_vl": SYSTEM + ASKED, "qwen3_vl": ASKED}
IMAGE_TEXT = "<|vision_start|><|image_pad|><|vision_end|>"

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory) -> dict[str, Path]:
    return {family: MAKERS[family](tmp_path_factory.mktemp(family) / "snapshot", 8) for family in FAMILIES}


@pytest.fixture(params=FAMILIES)
def family(request) -> str:
    return request.param


@pytest.fixture
def home(snapshots, family, tmp_path) -> Path:
    """A copy of the family's snapshot, to be changed."""
    return Path(shutil.copytree(snapshots[family], tmp_path / "copy"))


def change_pictures(home: Path, **values) -> None:
    """In both files that may say it."""
    change(home / "preprocessor_config.json", lambda one: one.update(values))
    change(home / "processor_config.json", lambda one: one["image_processor"].update(values))


def test_the_manifest(home, family, tmp_path):
    settings = {"eos_token_id": [2, 17], "pad_token_id": 3, "length_penalty": 0.5, "repetition_penalty": 1.05}
    change(home / "generation_config.json", lambda one: one.update(settings))
    manifest, config = exported(home, tmp_path / "bundle"), json.loads((home / "config.json").read_text())
    text, vision = config["text_config"], config["vision_config"]
    assert (manifest["manifest_version"], manifest["family"], manifest["kind"]) == (2, family, "captioner")
    start = text.get("bos_token_id")
    assert manifest["text"] == {
        "template": TEMPLATES[family],
        "image_text": IMAGE_TEXT,
        "default_prompt": "Describe this image.",
        "placement": "placeholder",
        "image_token": config["image_token_id"],
        "image_tokens": 0,
        "special_tokens": True,
        "prefix": [],
        "suffix": [],
        "history": "all",
        "bos": 3 if start is None else start,
        "eos": [2, 17],
        "pad": 3,
        "vocabulary": text["vocab_size"],
        "boxes": {"qwen2_5_vl": "pixels", "qwen3_vl": "thousandths"}[family],
    }
    image, cell = manifest["image"], vision["patch_size"] * vision["spatial_merge_size"]
    assert (image["recipe"], image["patch"]) == ("fit", cell) and "width" not in image and "height" not in image
    size = json.loads((home / "preprocessor_config.json").read_text())["size"]
    assert (image["pixels_min"], image["pixels_max"]) == (size["shortest_edge"], size["longest_edge"])
    generation, cache = manifest["generation"], manifest["cache"]
    assert (generation["length_penalty"], generation["repetition_penalty"]) == (0.5, 1.05)
    assert (cache["layers"], cache["heads"]) == (text["num_hidden_layers"], text["num_key_value_heads"])
    assert cache["positions"] == text["max_position_embeddings"]
    assert cache["head_dim"] == text.get("head_dim", text["hidden_size"] // text["num_attention_heads"])
    assert ("self_attn.qkv_bias" in manifest["weights"]["packs"]) == (family == "qwen2_5_vl")


def test_without_a_chat_template_the_published_one_counts(home, family, tmp_path):
    (home / "chat_template.jinja").unlink()
    text = exported(home, tmp_path / "bundle")["text"]
    assert (text["template"], text["image_text"]) == (TEMPLATES[family], IMAGE_TEXT)


@pytest.mark.parametrize("chat, family", [(CHAT_2_5, "qwen2_5_vl"), (CHAT_3, "qwen3_vl")])
def test_chat_templates_become_templates(chat, family):
    assert template_of(chat, "") == (TEMPLATES[family], IMAGE_TEXT)


FILM_TEXTS = {
    "qwen2_5_vl": ("<|vision_start|>{groups}<|vision_end|>", "<|video_pad|>"),
    "qwen3_vl": ("{groups}", "<{seconds} seconds><|vision_start|><|video_pad|><|vision_end|>"),
}


def change_films(home: Path, **values) -> None:
    change(home / "processor_config.json", lambda one: one["video_processor"].update(values))


def test_the_manifest_of_films(home, family, tmp_path):
    change_films(home, size={"shortest_edge": 2000, "longest_edge": 90000})
    config = json.loads((home / "config.json").read_text())
    text, group_text = FILM_TEXTS[family]
    assert exported(home, tmp_path / "bundle")["film"] == {
        "frames": 2,
        "token": config["video_token_id"],
        "text": text,
        "group_text": group_text,
        "pixels_of": {"qwen2_5_vl": "frame", "qwen3_vl": "film"}[family],
        "pixels_min": 2000,
        "pixels_max": 90000,
        "tokens_max": 2048,
        "ticks_per_second": {"qwen2_5_vl": config["vision_config"].get("tokens_per_second"), "qwen3_vl": 0}[family],
    }


def test_films_are_read_from_the_older_files_too(home, family, tmp_path):
    """Where the snapshot has them each in a file of its own; where it has none for films, that of pictures counts."""
    processor = json.loads((home / "processor_config.json").read_text())
    (home / "processor_config.json").unlink()
    (home / "video_preprocessor_config.json").write_text(json.dumps(processor["video_processor"]))
    size, film = processor["video_processor"]["size"], exported(home, tmp_path / "bundle")["film"]
    assert (film["pixels_min"], film["pixels_max"]) == (size["shortest_edge"], size["longest_edge"])
    (home / "video_preprocessor_config.json").unlink()
    change(home / "preprocessor_config.json", lambda one: one.update(image_processor_type="Qwen2VLImageProcessorFast"))
    size, film = processor["image_processor"]["size"], exported(home, tmp_path / "bundle")["film"]
    assert (film["pixels_min"], film["pixels_max"]) == (size["shortest_edge"], size["longest_edge"])
    assert film["pixels_of"] == {"qwen2_5_vl": "frame", "qwen3_vl": "film"}[family]


def test_without_a_placeholder_there_are_no_films(home, tmp_path):
    change(home / "config.json", lambda one: one.pop("video_token_id"))
    assert "film" not in exported(home, tmp_path / "bundle")


def test_a_missing_penalty_is_none(home, tmp_path):
    change(home / "generation_config.json", lambda one: one.pop("repetition_penalty", None))
    assert exported(home, tmp_path / "bundle")["generation"]["repetition_penalty"] == 1.0


def test_the_areas_may_have_other_names(home, tmp_path):
    """As in the older files."""
    change_pictures(home, min_pixels=1234, max_pixels=43210)
    image = exported(home, tmp_path / "bundle")["image"]
    assert (image["pixels_min"], image["pixels_max"]) == (1234, 43210)


def test_a_picture_has_a_bounded_number_of_placeholders(home, tmp_path):
    """Whatever the files allow; and the slot has the positions for it."""
    change_pictures(home, size={"shortest_edge": 3136, "longest_edge": 12845056})
    change(home / "config.json", lambda one: one["text_config"].update(max_position_embeddings=128000))
    manifest = exported(home, tmp_path / "bundle")
    image = manifest["image"]
    assert image["pixels_max"] == 1280 * image["patch"] ** 2 and manifest["cache"]["positions"] == 4096


IN_MEMORY = [("visual.", "model.visual."), ("model.", "model.language_model.")]


def test_every_spelling_of_the_keys_gives_the_same_model(snapshots, tmp_path):
    """Qwen2.5-VL's as files have them, and with the names in memory. Qwen3-VL's files have the names in memory."""
    home = Path(shutil.copytree(snapshots["qwen2_5_vl"], tmp_path / "copy"))
    tensors = load_file(home / "model.safetensors")
    assert any(key.startswith("visual.") for key in tensors) and any(key.startswith("model.layers.") for key in tensors)
    renamed = {}
    for key, value in tensors.items():
        old, new = next((pair for pair in IN_MEMORY if key.startswith(pair[0])), ("", ""))
        renamed[new + key[len(old) :]] = value
    save_file(renamed, home / "model.safetensors")
    exported(home, tmp_path / "bundle")
    exported(snapshots["qwen2_5_vl"], tmp_path / "plain")
    theirs = dict(load_program(tmp_path / "plain").named_parameters())
    for name, parameter in load_program(tmp_path / "bundle").named_parameters():
        assert torch.equal(parameter, theirs[name])
    assert any(key.startswith("model.visual.") for key in load_file(snapshots["qwen3_vl"] / "model.safetensors"))


def rope(**values) -> dict:
    return {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]} | values}


BOTH = [
    ("text_config", {"hidden_act": "gelu"}, "text_config.hidden_act 'gelu'"),
    ("text_config", rope(rope_type="linear", factor=2.0), "rope_type 'linear'"),
    ("text_config", rope(mrope_section=[1, 1]), "mrope_section [1, 1]"),
    ("text_config", rope(mrope_section=[90, 1, 1]), "mrope_section [90, 1, 1]"),
    ("text_config", {"max_position_embeddings": 20}, "leave no room for words"),
    ("vision_config", {"hidden_act": "relu"}, "vision_config.hidden_act 'relu'"),
    ("vision_config", {"temporal_patch_size": 1}, "vision_config.temporal_patch_size 1"),
    ("vision_config", {"in_channels": 4}, "vision_config.in_channels 4"),
    ("vision_config", {"out_hidden_size": 7}, "vision_config.out_hidden_size 7"),
    (None, {"image_token_id": 70000}, "image_token_id 70000, which is not in the vocabulary"),
    (None, {"video_token_id": 70000}, "video_token_id 70000, which is not in the vocabulary"),
]
OWN = [
    ("qwen2_5_vl", "text_config", {"use_sliding_window": True}, "text_config.use_sliding_window True"),
    ("qwen2_5_vl", "vision_config", {"tokens_per_second": 0}, "vision_config.tokens_per_second 0"),
    ("qwen2_5_vl", "vision_config", {"window_size": 5}, "vision_config.window_size 5"),
    ("qwen3_vl", "text_config", {"attention_bias": True}, "text_config.attention_bias True"),
    ("qwen3_vl", "vision_config", {"num_position_embeddings": 8}, "vision_config.num_position_embeddings 8"),
    ("qwen3_vl", "vision_config", {"deepstack_visual_indexes": [2, 1]}, "deepstack_visual_indexes [2, 1]"),
    ("qwen3_vl", "vision_config", {"deepstack_visual_indexes": [9]}, "deepstack_visual_indexes [9]"),
]
REFUSED = [(family, *one) for family in FAMILIES for one in BOTH] + OWN


@pytest.mark.parametrize("family, part, edit, expected", REFUSED)
def test_configs_that_are_refused(capsys, home, family, tmp_path, part, edit, expected):
    change(home / "config.json", lambda config: (config[part] if part else config).update(edit))
    assert expected in refusal(capsys, home, tmp_path / "bundle")


@pytest.mark.parametrize(
    "values, expected",
    [
        ({"resample": 2}, "has resample 2"),
        ({"do_resize": False}, "has do_resize off"),
        ({"do_normalize": False}, "has do_normalize off"),
        ({"patch_size": 5}, "has patch_size 5"),
        ({"merge_size": 4}, "has merge_size 4"),
        ({"size": {"shortest_edge": 90, "longest_edge": 80}}, "which are no areas"),
        ({"size": {"shortest_edge": 10**9, "longest_edge": 10**9}}, "asks for 1000000000 pixels or more"),
    ],
)
def test_pictures_that_are_refused(capsys, home, tmp_path, values, expected):
    change_pictures(home, **values)
    assert expected in refusal(capsys, home, tmp_path / "bundle")


@pytest.mark.parametrize(
    "values, expected",
    [
        ({"image_mean": [0.1, 0.2, 0.3]}, "has image_mean [0.1, 0.2, 0.3], and that of pictures ["),
        ({"image_std": [0.1, 0.2, 0.3]}, "has image_std [0.1, 0.2, 0.3]"),
        ({"rescale_factor": 0.5}, "has rescale_factor 0.5"),
        ({"resample": 2}, "has resample 2"),
        ({"patch_size": 5}, "has patch_size 5"),
        ({"merge_size": 4}, "has merge_size 4"),
        ({"temporal_patch_size": 1}, "has temporal_patch_size 1"),
        ({"do_normalize": False}, "has do_normalize False"),
        ({"cap_pixels_per_frame": True}, "has cap_pixels_per_frame on"),
        ({"video_processor_type": "LlavaOnevisionVideoProcessor"}, "is a LlavaOnevisionVideoProcessor"),
        ({"size": {"shortest_edge": 90, "longest_edge": 80}}, "size 90 to 80, which are no areas"),
        ({"size": {"shortest_edge": 10**9, "longest_edge": 10**9}}, "asks for 1000000000 pixels"),
    ],
)
def test_films_that_are_refused(capsys, home, tmp_path, values, expected):
    """Also where pictures are fine: else films would be described wrong, and silently."""
    change_films(home, **values)
    assert expected in refusal(capsys, home, tmp_path / "bundle")


def test_models_that_think_first_are_refused(capsys, home, tmp_path):
    thinking = (home / "chat_template.jinja").read_text().replace("assistant\n", "assistant\n<think>\n")
    (home / "chat_template.jinja").write_text(thinking)
    assert "lets the model think" in refusal(capsys, home, tmp_path / "bundle")
