"""What an export of LLaVA-NeXT-Video writes and refuses, where it is not LLaVA-NeXT's: films, and positions that stand
closer together."""

import json
from pathlib import Path

import pytest
import torch

from exporting import change, copy_without_template, exported, refusal
from tiny_models import MAKERS

LINEAR = {"rope_type": "linear", "factor": 2.5, "rope_theta": 1e4}

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory) -> Path:
    return MAKERS["llava_next_video"](tmp_path_factory.mktemp("llama") / "snapshot", 9)


@pytest.fixture
def home(snapshot, tmp_path) -> Path:
    return copy_without_template(snapshot, tmp_path / "copy")


def change_films(home: Path, **values) -> None:
    change(home / "processor_config.json", lambda one: one["video_processor"].update(values))


def test_the_manifest(home, tmp_path):
    manifest, config = exported(home, tmp_path / "bundle"), json.loads((home / "config.json").read_text())
    vision = config["vision_config"]
    side, patches = vision["image_size"], vision["image_size"] // vision["patch_size"]
    assert (manifest["family"], manifest["kind"], manifest["image"]["recipe"]) == (
        "llava_next_video",
        "captioner",
        "anyres",
    )
    assert manifest["text"]["template"] == "USER: {images}{prompt} ASSISTANT:"
    assert manifest["text"]["image_text"] == "<image>\n"
    assert manifest["text"]["image_token"] == config["image_token_index"] == config["video_token_index"] + 1
    positions = manifest["cache"]["positions"]
    assert manifest["film"] == {
        "recipe": "crop",
        "width": side,
        "height": side,
        "shortest_edge": side,
        "frames": 1,
        "token": config["video_token_index"],
        "text": "{groups}\n",
        "group_text": "<video>",
        "group_tokens": patches * patches // 4,
        "tokens_max": positions - 256 - 128,
    }
    assert manifest["film"]["tokens_max"] >= 32 * manifest["film"]["group_tokens"], "it was trained with so many frames"


CHATS = {
    "{% for part in messages[0].content if part.type != 'text' %}<{{ part.type }}>\n{% endfor %}"
    "{{ messages[0].content[-1].text }}": "{groups}\n",
    "{% for part in messages[0].content %}{{ '[<video>] ' if part.type == 'video' else '' }}"
    "{{ '<image>' if part.type == 'image' else '' }}{{ part.text }}{% endfor %}": "[{groups}] ",
    # As the first published one, which knew no films.
    "{% for part in messages[0].content %}{{ '<image>' if part.type == 'image' else part.text }}{% endfor %}": (
        "{groups}\n"
    ),
}


@pytest.mark.parametrize("chat", CHATS)
def test_the_chat_template_says_what_stands_for_a_film(home, tmp_path, chat):
    (home / "chat_template.jinja").write_text(chat)
    film = exported(home, tmp_path / "bundle")["film"]
    assert (film["text"], film["group_text"]) == (CHATS[chat], "<video>")


def test_a_chat_template_without_a_placeholder_for_films_is_refused(capsys, home, tmp_path):
    chat = "{% for part in messages[0].content %}{{ '<film>' if part.type == 'video' else '' }}"
    chat += "{{ '<image>' if part.type == 'image' else '' }}{{ part.text }}{% endfor %}"
    (home / "chat_template.jinja").write_text(chat)
    assert "writes '<film>' for a film" in refusal(capsys, home, tmp_path / "bundle")


def test_films_are_read_from_the_older_files_too(home, tmp_path):
    """Each in a file of its own; where there is none for films, that of pictures counts."""
    processor = json.loads((home / "processor_config.json").read_text())
    (home / "processor_config.json").write_text(json.dumps({"processor_class": "LlavaNextVideoProcessor"}))
    (home / "video_preprocessor_config.json").write_text(json.dumps(processor["video_processor"]))
    film = exported(home, tmp_path / "bundle")["film"]
    (home / "video_preprocessor_config.json").unlink()
    assert exported(home, tmp_path / "bundle")["film"] == film


def test_a_slot_reaches_as_far_as_the_positions_do(home, tmp_path):
    """A factor counts only where positions stand closer together."""
    wanted = exported(home, tmp_path / "bundle")["cache"]["positions"]
    change(home / "config.json", lambda one: one["text_config"].update(max_position_embeddings=wanted - 1))
    for rope, positions in [(LINEAR | {"rope_type": "default"}, wanted - 1), (LINEAR, wanted)]:
        change(home / "config.json", lambda one, rope=rope: one["text_config"].update(rope_parameters=rope))
        assert exported(home, tmp_path / "bundle")["cache"]["positions"] == positions


@pytest.mark.parametrize(
    "part, edit, expected",
    [
        ("text_config", {"rope_parameters": LINEAR | {"rope_type": "dynamic"}}, "rope_type 'dynamic'"),
        ("text_config", {"rope_parameters": LINEAR | {"factor": 0.5}}, "rope_parameters.factor 0.5"),
        ("text_config", {"attention_bias": True}, "text_config.attention_bias True"),
        (None, {"spatial_pool_mode": "max"}, "spatial_pool_mode 'max'"),
        (None, {"spatial_pool_stride": 3}, "spatial_pool_stride 3"),
        (None, {"vision_feature_select_strategy": "full"}, "vision_feature_select_strategy 'full'"),
        (None, {"video_token_index": 70000}, "video_token_index 70000, which is not in the vocabulary"),
        (None, {"image_token_index": 70000}, "image_token_index 70000, which is not in the vocabulary"),
        ("text_config", {"max_position_embeddings": 20}, "leave no room for words"),
    ],
)
def test_configs_that_are_refused(capsys, home, tmp_path, part, edit, expected):
    change(home / "config.json", lambda config: (config[part] if part else config).update(edit))
    assert expected in refusal(capsys, home, tmp_path / "bundle")


@pytest.mark.parametrize(
    "values, expected",
    [
        ({"image_mean": [0.1, 0.2, 0.3]}, "has image_mean [0.1, 0.2, 0.3], and that of pictures ["),
        ({"resample": 2}, "has resample 2"),
        ({"do_normalize": False}, "has do_normalize False"),
        ({"do_center_crop": False}, "the video processor makes frames of"),
        ({"crop_size": {"height": 224, "width": 224}}, "the video processor makes frames of 224x224"),
        ({"size": {"height": 8, "width": 8}}, "of the shortest edge None"),
        ({"video_processor_type": "LlavaOnevisionVideoProcessor"}, "is a LlavaOnevisionVideoProcessor"),
    ],
)
def test_films_that_are_refused(capsys, home, tmp_path, values, expected):
    """Also where pictures are fine: else films would be described wrong, and silently."""
    change_films(home, **values)
    assert expected in refusal(capsys, home, tmp_path / "bundle")
