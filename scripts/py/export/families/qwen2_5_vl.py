"""Qwen2.5-VL, for pictures and films."""

from pathlib import Path

import torch
from torch import nn

from export.errors import ExportError
from export.families.qwen_vl import ASKED, KIND, QwenVl, check_parts, describe_parts, with_head_dim
from export.films import FilmText
from export.generation import require
from export.parts.qwen25_vision import WindowVision, window_cells
from export.parts.qwen_decoder import QwenModel

__all__ = ["FAMILY", "KIND", "check", "describe", "make_program"]

FAMILY = "qwen2_5_vl"
TEMPLATE = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n" + ASKED  # as the published one says


def check(config) -> None:
    check_parts(config, activation="silu")
    text, vision = config.text_config, config.vision_config
    require("text_config.use_sliding_window", bool(text.use_sliding_window), False)
    require(
        "text_config.rope_parameters.mrope_interleaved", text.rope_parameters.get("mrope_interleaved", False), False
    )
    if not isinstance(vision.tokens_per_second, int) or vision.tokens_per_second < 1:
        raise ExportError(
            f"config.json has vision_config.tokens_per_second {vision.tokens_per_second!r}; it must be 1 or more"
        )
    cell = vision.patch_size * vision.spatial_merge_size
    if vision.window_size % cell or window_cells(vision) < 1:
        raise ExportError(
            f"config.json has vision_config.window_size {vision.window_size}, which is not made of cells of {cell}"
        )


def make_program(config) -> nn.Module:
    with torch.device("meta"):
        text = with_head_dim(config).text_config
        model = QwenModel(text, bias=True, normed=False, in_turn=False, deep=0)
        module = QwenVl(config, WindowVision(config.vision_config), model).eval()
    return module.requires_grad_(False)


def describe(config, snapshot: Path) -> dict:
    film = FilmText("<|vision_start|>{groups}<|vision_end|>", "<|video_pad|>", config.vision_config.tokens_per_second)
    return describe_parts(config, snapshot, bias=True, template=TEMPLATE, film=film, boxes="pixels")
