"""What all BLIP-2 models have in common: from the picture to the rows that the language model reads."""

import torch
from torch import Tensor, nn

from export.errors import ExportError
from export.generation import as_list, check_tokens, inner_generation, require
from export.parts.blip_vision import VisionModel
from export.parts.qformer import QFormer

FLOAT32 = ["query_tokens", "qformer."]  # of a float16 model


class Blip2(nn.Module):
    """A family adds `language_model`, and the rest of the methods."""

    def __init__(self, config) -> None:
        super().__init__()
        self.image_token = int(config.image_token_index)
        query_width = config.qformer_config.hidden_size
        self.vision_model = VisionModel(config.vision_config)
        self.query_tokens = nn.Parameter(torch.zeros(1, config.num_query_tokens, query_width))
        self.qformer = QFormer(config.qformer_config)
        self.language_projection = nn.Linear(query_width, config.text_config.hidden_size)

    @torch.jit.export
    def encode(self, pixels: Tensor) -> Tensor:
        """pixels [N,3,H,W] -> features [N,Q,D]"""
        picture = self.vision_model(pixels)
        queries = self.query_tokens.expand(picture.size(0), -1, -1)
        # A float16 model keeps its Q-Former in float32: in and out are cast. In other dtypes these are no-ops.
        seen = self.qformer(queries, picture.to(queries.dtype))
        return self.language_projection(seen.to(picture.dtype))

    def place(self, ids: Tensor, words: Tensor, features: Tensor) -> Tensor:
        """The features in the rows of the image tokens. ids [T], words [T,D], features [K,D] -> [T,D]"""
        return words.masked_scatter((ids == self.image_token).unsqueeze(-1), features.to(words.dtype))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.encode(pixels)


def check(config) -> None:
    """Refuses what no program of BLIP-2 does."""
    require("vision_config.hidden_act", config.vision_config.hidden_act, "gelu")
    require("qformer_config.hidden_act", config.qformer_config.hidden_act, "gelu")
    if config.image_token_index is None:
        raise ExportError("config.json has no image_token_index: it is an old revision; download the current one")
    if inner_generation(config.text_config).eos_token_id is None:
        raise ExportError("config.json has no text_config.eos_token_id: no caption would ever end")
    text = config.text_config
    named = [("text_config.eos_token_id", token) for token in end_tokens(config)]
    named += [(f"text_config.{name}_token_id", getattr(text, f"{name}_token_id")) for name in ("bos", "pad")]
    check_tokens([*named, ("image_token_index", config.image_token_index)], text.vocab_size)


def end_tokens(config) -> list[int]:
    return as_list(inner_generation(config.text_config).eos_token_id)
