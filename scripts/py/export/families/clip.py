"""CLIP: vectors of pictures and of texts, in one space. Module names are the keys of the checkpoints' files."""

from pathlib import Path

import torch
from torch import Tensor, nn

from export.errors import ExportError
from export.generation import check_tokens, require
from export.parts.clip_blocks import ACTIVATIONS, ClipText, ClipVision

FAMILY, KIND = "clip", "embedder"


class Clip(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.vision_model = ClipVision(config.vision_config)
        self.text_model = ClipText(config.text_config)
        self.visual_projection = nn.Linear(config.vision_config.hidden_size, config.projection_dim, bias=False)
        self.text_projection = nn.Linear(config.text_config.hidden_size, config.projection_dim, bias=False)

    @torch.jit.export
    def embed_image(self, pixels: Tensor) -> Tensor:
        """pixels [N,3,H,W] -> [N,W], of any length"""
        return self.visual_projection(self.vision_model(pixels)).to(torch.float32)

    @torch.jit.export
    def embed_text(self, ids: Tensor) -> Tensor:
        """ids [N,T], padded on the right -> [N,W], of any length"""
        return self.text_projection(self.text_model(ids)).to(torch.float32)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.embed_image(pixels)


def check(config) -> None:
    for part in ("vision_config", "text_config"):
        activation = getattr(config, part).hidden_act
        if activation not in ACTIVATIONS:
            require(f"{part}.hidden_act", activation, ACTIVATIONS[0])
    end = config.text_config.eos_token_id
    if not isinstance(end, int):
        raise ExportError(f"config.json has text_config.eos_token_id {end!r}; only one number can be exported")


def make_program(config) -> nn.Module:
    with torch.device("meta"):
        module = Clip(config).eval()
    return module.requires_grad_(False)


def describe(config, snapshot: Path) -> dict:
    text = config.text_config
    # What stands after a text's end changes nothing, so any id that the table knows will do.
    pad = 0 if text.pad_token_id is None else text.pad_token_id
    check_tokens([("text_config.pad_token_id", pad), ("text_config.eos_token_id", text.eos_token_id)], text.vocab_size)
    return {
        "ties": {},
        "renames": [],
        "float32": [],
        "text": {
            "template": "{prompt}",
            "max_tokens": text.max_position_embeddings,
            "pad": pad,
            "vocabulary": text.vocab_size,
            "special_tokens": True,
        },
        "embedding": {"width": config.projection_dim},
    }
