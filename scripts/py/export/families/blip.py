"""BLIP: a vision tower and a text decoder that looks at all of the picture's rows.

A sequence's prompt is [image tokens, start, words]. In a cache row the image tokens' rows hold each layer's keys and
values of the picture, and the decoder's own begin after them. Its positions count from there.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.errors import ExportError
from export.generation import check_tokens, generation_part, inner_generation, require, text_part
from export.parts.bert_parts import PACKS, BertDecoderLayer
from export.parts.blip_vision import VisionModel
from export.parts.two_parts import first_slot_of, plan_parts, slot_order

FAMILY, KIND = "blip", "captioner"


class TextEmbeddings(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, words: Tensor, positions: Tensor) -> Tensor:
        return self.LayerNorm(words + self.position_embeddings(positions))


class TextEncoder(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.layer = nn.ModuleList([BertDecoderLayer(config) for _ in range(config.num_hidden_layers)])


class TextModel(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.embeddings = TextEmbeddings(config)
        self.encoder = TextEncoder(config)

    def prefill(self, words: Tensor, picture: Tensor, slots: Tensor, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        """words [B,T,D], picture [B,N,D'] -> [B,T,D]"""
        x = self.embeddings(words, torch.arange(words.size(1), device=words.device))
        for i, layer in enumerate(self.encoder.layer):
            x = layer.prefill(x, picture, slots, k_cache[i], v_cache[i])
        return x

    def decode(
        self, words: Tensor, positions: Tensor, begins: Tensor, slots: Tensor, k_cache: Tensor, v_cache: Tensor
    ) -> Tensor:
        """words [B,D], at these positions of the cache -> [B,D]"""
        plan = plan_parts(positions, slots, begins, first_slot_of(slots), k_cache)
        x = self.embeddings(words, positions - begins)
        for i, layer in enumerate(self.encoder.layer):
            x = layer.decode(x, plan, k_cache[i], v_cache[i])
        return x


class Transform(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        return self.LayerNorm(F.gelu(self.dense(x)))


class Predictions(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.transform = Transform(config)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.transform(x))


class Head(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.predictions = Predictions(config)

    def forward(self, x: Tensor) -> Tensor:
        return self.predictions(x).to(torch.float32)


class TextDecoder(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.bert = TextModel(config)
        self.cls = Head(config)


class Blip(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.image_rows = image_rows(config)
        self.image_width = int(config.vision_config.hidden_size)
        self.text_width = int(config.text_config.hidden_size)
        self.width = max(self.image_width, self.text_width)
        self.vision_model = VisionModel(config.vision_config)
        self.text_decoder = TextDecoder(config.text_config)

    @torch.jit.export
    def encode(self, pixels: Tensor) -> Tensor:
        """pixels [N,3,H,W] -> features [N,Q,D]"""
        return self.vision_model(pixels)

    @torch.jit.export
    def embed(self, ids: Tensor, features: Tensor) -> Tensor:
        """ids [T], features [K,D] of one sequence, whose first K ids stand for the picture -> [T,E]. Words and picture
        may differ in width: the narrower ones end in zeros."""
        words = self.text_decoder.bert.embeddings.word_embeddings(ids[features.size(0) :])
        picture = F.pad(features, [0, self.width - self.image_width])
        return torch.cat([picture, F.pad(words, [0, self.width - self.text_width])])

    @torch.jit.export
    def prefill(self, embeds: Tensor, slots: Tensor, lengths: Tensor, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        """embeds [B,T,E] padded on the right, slots [B], lengths [B] -> logits [B,V] of each last position"""
        picture = embeds[:, : self.image_rows, : self.image_width]
        words = embeds[:, self.image_rows :, : self.text_width]
        x = self.text_decoder.bert.prefill(words, picture, slots, k_cache, v_cache)
        last = x[torch.arange(x.size(0), device=x.device), lengths - self.image_rows - 1]
        return self.text_decoder.cls(last)

    @torch.jit.export
    def decode(
        self, tokens: Tensor, positions: Tensor, prompts: Tensor, slots: Tensor, k_cache: Tensor, v_cache: Tensor
    ) -> Tensor:
        """tokens, positions, prompts, slots [B] -> logits [B,V]; where the words begin does not depend on the prompt"""
        order = slot_order(slots)
        places = slots
        if order is not None:
            places = slots - slots.min()
            tokens, positions, slots = tokens[order], positions[order], slots[order]
        words = self.text_decoder.bert.embeddings.word_embeddings(tokens)
        begins = torch.full_like(positions, self.image_rows)
        x = self.text_decoder.bert.decode(words, positions, begins, slots, k_cache, v_cache)
        if order is not None:
            x = x[places]
        return self.text_decoder.cls(x)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.encode(pixels)


WORDS_MAX = 128  # positions of a slot after the picture's: captions are short


def image_rows(config) -> int:
    return (config.vision_config.image_size // config.vision_config.patch_size) ** 2 + 1


def check(config) -> None:
    text = config.text_config
    require("text_config.hidden_act", text.hidden_act, "gelu")
    require("vision_config.hidden_act", config.vision_config.hidden_act, "gelu")
    require("text_config.is_decoder", text.is_decoder, True)
    if text.sep_token_id is None:
        raise ExportError("config.json has no text_config.sep_token_id: no caption would ever end")
    names = ("sep_token_id", "bos_token_id", "pad_token_id")
    check_tokens([(f"text_config.{name}", getattr(text, name)) for name in names], text.vocab_size)


def make_program(config) -> nn.Module:
    with torch.device("meta"):
        module = Blip(config).eval()
    return module.requires_grad_(False)


def describe(config, snapshot: Path) -> dict:
    text, head = config.text_config, "text_decoder.cls.predictions."
    words = min(text.max_position_embeddings, WORDS_MAX)
    generation = generation_part(inner_generation(text), words, 1)
    return {
        "ties": {},
        "packs": PACKS,
        # The reference ties the head where the files have none of its own.
        "renames": [
            [f"{head}decoder.weight", "text_decoder.bert.embeddings.word_embeddings.weight"],
            [f"{head}decoder.bias", f"{head}bias"],
        ],
        "float32": [],
        # Of the prompt the reference replaces the tokenizer's first token by its own start, and drops the last.
        "text": text_part(
            text,
            image_token=text.pad_token_id,
            image_tokens=image_rows(config),
            eos=[text.sep_token_id],
            history="text",
            special_tokens=False,
            prefix=(text.bos_token_id,),
        ),
        "cache": {
            "layers": text.num_hidden_layers,
            "heads": text.num_attention_heads,
            "head_dim": text.hidden_size // text.num_attention_heads,
            "positions": image_rows(config) + words,
        },
        "generation": generation,
    }
