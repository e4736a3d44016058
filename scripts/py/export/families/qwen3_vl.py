"""Qwen3-VL, for pictures and films."""

from pathlib import Path

import torch
from torch import nn

from export.errors import ExportError
from export.families.qwen_vl import ASKED, KIND, QwenVl, check_parts, describe_parts, with_head_dim
from export.films import FilmText
from export.generation import require
from export.parts.qwen3_vision import DeepVision
from export.parts.qwen_decoder import QwenModel

__all__ = ["FAMILY", "KIND", "check", "describe", "make_program"]

FAMILY = "qwen3_vl"
# As the checkpoints were made for, and as transformers 4 wrote it. transformers 5 leaves the vision_start and
# vision_end of the chat template standing around all groups.
FILM = FilmText("{groups}", "<{seconds} seconds><|vision_start|><|video_pad|><|vision_end|>", ticks_per_second=0)


def check(config) -> None:
    check_parts(config, activation="gelu_pytorch_tanh")
    text, vision = config.text_config, config.vision_config
    require("text_config.attention_bias", text.attention_bias, False)
    # The reference turns its axes in turn whatever this says: a checkpoint that says otherwise is another model.
    require("text_config.rope_parameters.mrope_interleaved", text.rope_parameters.get("mrope_interleaved", True), True)
    _, down, across = text.rope_parameters["mrope_section"]
    if 3 * max(down, across) > text.head_dim // 2:
        raise ExportError(
            f"config.json has text_config.rope_parameters.mrope_section with {down} and {across} for rows and columns, "
            f"too many to come in turn among {text.head_dim // 2}"
        )
    learned = vision.num_position_embeddings
    if int(learned**0.5) ** 2 != learned:
        raise ExportError(f"config.json has vision_config.num_position_embeddings {learned}, which is no square")
    stops = list(vision.deepstack_visual_indexes)
    ordered = stops == sorted(set(stops)) and all(0 <= stop < vision.depth for stop in stops)
    if not ordered or len(stops) > text.num_hidden_layers:
        raise ExportError(
            f"config.json has vision_config.deepstack_visual_indexes {stops}; they must be ascending, among the "
            f"{vision.depth} layers of the tower, and no more than the {text.num_hidden_layers} of the decoder"
        )


def make_program(config) -> nn.Module:
    with torch.device("meta"):
        text, deep = with_head_dim(config).text_config, len(config.vision_config.deepstack_visual_indexes)
        model = QwenModel(text, bias=False, normed=True, in_turn=True, deep=deep)
        module = QwenVl(config, DeepVision(config.vision_config), model).eval()
    return module.requires_grad_(False)


def describe(config, snapshot: Path) -> dict:
    return describe_parts(config, snapshot, bias=False, template=ASKED, film=FILM, boxes="thousandths")
