"""What an export of LLaVA-NeXT writes and refuses: the manifest, spellings of keys, chat templates."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from export.__main__ import main as export_main
from export.chat import template_of
from export.errors import ExportError
from exporting import change, refusal
from slot_engine import load_program, read_manifest
from tiny_models import make_llava_next
from tiny_models.llava_next import CHAT_TEMPLATES

torch.set_num_threads(1)


@pytest.fixture(scope="module", params=["mistral", "llama"])
def snapshot(request, tmp_path_factory) -> Path:
    seed = {"mistral": 8, "llama": 9}[request.param]
    return make_llava_next(tmp_path_factory.mktemp(request.param) / "snapshot", seed)


def copy_of(snapshot: Path, folder: Path) -> Path:
    return Path(shutil.copytree(snapshot, folder / "copy"))


def forget_chat_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink(missing_ok=True)


def test_the_manifest(snapshot, tmp_path):
    home = copy_of(snapshot, tmp_path)
    forget_chat_template(home)
    settings = {"eos_token_id": [2, 17], "length_penalty": 0.5, "repetition_penalty": 1.2}
    change(home / "generation_config.json", lambda one: one.update(settings))
    assert export_main([str(home), str(tmp_path / "bundle")]) == 0
    manifest, config = read_manifest(tmp_path / "bundle"), json.loads((home / "config.json").read_text())
    text, vision = config["text_config"], config["vision_config"]
    assert list(manifest) == [
        "manifest_version", "name", "family", "kind", "dtype", "source", "program", "tokenizer",
        "weights", "image", "text", "cache", "generation",
    ]  # fmt: skip
    assert (manifest["manifest_version"], manifest["family"], manifest["kind"]) == (2, "llava-next", "captioner")
    image = manifest["image"]
    assert (image["recipe"], image["width"], image["patch"]) == ("anyres", vision["image_size"], vision["patch_size"])
    assert image["pinpoints"] == config["image_grid_pinpoints"]
    templates = {
        "mistral": "[INST] {images}{prompt} [/INST]",
        "llama": "A chat between a curious human and an artificial intelligence assistant. "
        "The assistant gives helpful, detailed, and polite answers to the human's questions. "
        "USER: {images}{prompt} ASSISTANT:",
    }
    assert manifest["text"] == {
        "template": templates[text["model_type"]],
        "image_text": "<image>\n",
        "default_prompt": "Describe this image.",
        "placement": "placeholder",
        "image_token": config["image_token_index"],
        "image_tokens": 0,
        "special_tokens": True,
        "prefix": [],
        "suffix": [],
        "history": "all",
        "bos": 1,
        "eos": [2, 17],
        "pad": json.loads((home / "generation_config.json").read_text())["pad_token_id"],
        "vocabulary": text["vocab_size"],
    }
    generation = manifest["generation"]
    assert (generation["length_penalty"], generation["repetition_penalty"]) == (0.5, 1.2)
    cache = manifest["cache"]
    assert (cache["layers"], cache["heads"]) == (text["num_hidden_layers"], text["num_key_value_heads"])
    assert cache["head_dim"] == text["head_dim"] and cache["positions"] % 512 == 0


PUBLISHED = [("vision_tower.", "vision_tower.vision_model.")]
IN_MEMORY = [
    ("language_model.model.", "model.language_model."),
    ("language_model.lm_head.", "lm_head."),
    ("vision_tower.", "model.vision_tower."),
    ("multi_modal_projector.", "model.multi_modal_projector."),
    ("image_newline", "model.image_newline"),
]


@pytest.mark.parametrize("spelling", [[], PUBLISHED, IN_MEMORY], ids=["saved by 5.17", "published", "in memory"])
def test_every_spelling_of_the_keys_gives_the_same_model(snapshot, tmp_path, spelling):
    home = copy_of(snapshot, tmp_path)
    tensors = load_file(home / "model.safetensors")
    for old, new in spelling:
        tensors = {new + key[len(old) :] if key.startswith(old) else key: value for key, value in tensors.items()}
    save_file(tensors, home / "model.safetensors")
    assert export_main([str(home), str(tmp_path / "bundle")]) == 0
    assert export_main([str(snapshot), str(tmp_path / "plain")]) == 0
    theirs = dict(load_program(tmp_path / "plain").named_parameters())
    for name, parameter in load_program(tmp_path / "bundle").named_parameters():
        assert torch.equal(parameter, theirs[name])


@pytest.mark.parametrize(
    "part, edit, expected",
    [
        ("text_config", {"hidden_act": "gelu"}, "text_config.hidden_act 'gelu'"),
        ("text_config", {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, "rope_type"),
        ("vision_config", {"hidden_act": "relu"}, "vision_config.hidden_act 'relu'"),
        (None, {"vision_feature_select_strategy": "full"}, "vision_feature_select_strategy 'full'"),
        (None, {"vision_feature_layer": [-2, -1]}, "vision_feature_layer [-2, -1]"),
        (None, {"vision_feature_layer": -9}, "vision_feature_layer -9"),
        (None, {"projector_hidden_act": "relu"}, "projector_hidden_act 'relu'"),
        (None, {"image_token_index": 70000}, "image_token_index 70000, which is not in the vocabulary"),
        (None, {"image_grid_pinpoints": [[8, 9]]}, "image_grid_pinpoints"),
        ("text_config", {"max_position_embeddings": 20}, "leave no room for words"),
    ],
)
def test_configs_that_are_refused(capsys, snapshot, tmp_path, part, edit, expected):
    home = copy_of(snapshot, tmp_path)
    change(home / "config.json", lambda config: (config[part] if part else config).update(edit))
    assert expected in refusal(capsys, home, tmp_path / "bundle")


@pytest.mark.parametrize(
    "language, edit, expected",
    [
        ("mistral", {"sliding_window": 64}, "text_config.sliding_window 64"),
        ("llama", {"attention_bias": True}, "text_config.attention_bias True"),
        ("llama", {"mlp_bias": True}, "text_config.mlp_bias True"),
    ],
)
def test_settings_of_one_language_that_are_refused(capsys, tmp_path, language, edit, expected):
    home = make_llava_next(tmp_path / "snapshot", {"mistral": 8, "llama": 9}[language])
    change(home / "config.json", lambda config: config["text_config"].update(edit))
    assert expected in refusal(capsys, home, tmp_path / "bundle")


def test_pinpoints_that_are_not_tiles_are_refused(capsys, snapshot, tmp_path):
    home = copy_of(snapshot, tmp_path)
    for file in ("config.json", "preprocessor_config.json"):
        change(home / file, lambda config: config.update(image_grid_pinpoints=[[7, 9]]))
    change(home / "processor_config.json", lambda one: one["image_processor"].update(image_grid_pinpoints=[[7, 9]]))
    assert "has 7x9, which is not made of tiles" in refusal(capsys, home, tmp_path / "bundle")


@pytest.mark.parametrize(
    "chat, expected",
    [
        (CHAT_TEMPLATES[1], ("[INST] {images}{prompt} [/INST]", "<image>\n")),
        (CHAT_TEMPLATES[2], ("USER: {images}{prompt}\nASSISTANT:", "<image> ")),
    ],
)
def test_chat_templates_become_templates(chat, expected):
    assert template_of(chat, "<s>") == expected


@pytest.mark.parametrize(
    "chat, expected",
    [
        ("{{ messages[0]['content'][-1]['text'] }}", "does not put its pictures"),
        ("{% for part in messages[0].content %}{{ '<image>' if part.type == 'image' else '' }}{% endfor %}", "makes"),
        ("{% for message in messages %}", "cannot be used"),
    ],
)
def test_chat_templates_that_are_refused(chat, expected):
    with pytest.raises(ExportError, match=expected):
        template_of(chat, "<s>")
