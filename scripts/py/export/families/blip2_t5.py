"""BLIP-2 with a T5 language model. Its encoder reads the picture and the prompt, its decoder says the caption.

A sequence's prompt is [image tokens, text tokens, the decoder's start]. So in a cache row of a prompt of P tokens the
rows 0..P-2 hold each decoder layer's keys and values of the encoder, and the decoder's own begin at row P-1.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from export.errors import ExportError
from export.generation import check_tokens, generation_part, inner_generation, require, text_part
from export.parts import blip2
from export.parts.blip2 import Blip2
from export.parts.t5_parts import PACKS, T5Stack, relative_distances
from export.parts.two_parts import first_slot_of, outside, plan_parts, slot_order, with_bias

FAMILY, KIND = "blip2-t5", "captioner"


class T5ForConditionalGeneration(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.shared = nn.Embedding(config.vocab_size, config.d_model)
        self.encoder = T5Stack(config, config.num_layers, False)
        self.decoder = T5Stack(config, config.num_decoder_layers, True)
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.scales = bool(config.scale_decoder_outputs)
        self.scale = config.d_model**-0.5

    def encode(self, x: Tensor, lengths: Tensor) -> Tensor:
        """x [B,T,D], of which each row has its own length"""
        places = torch.arange(x.size(1), device=x.device)
        bias = self.encoder.bias(relative_distances(places, places))
        # In the order in which attention reads it: else each block would bring it into that order.
        mask = (bias + outside(torch.zeros_like(lengths), lengths, 0, x.size(1), x)).contiguous()
        if x.is_cuda:
            x = x.clone(memory_format=torch.contiguous_format)  # blocks write over it there
        for block in self.encoder.block:
            x = block.encode(x, mask)
        return self.encoder.final_layer_norm(x)

    def step(
        self, x: Tensor, positions: Tensor, begins: Tensor, slots: Tensor, k_cache: Tensor, v_cache: Tensor
    ) -> Tensor:
        """x [B,D], of the decoder's words at these positions -> logits [B,V]"""
        plan = plan_parts(positions, slots, begins, first_slot_of(slots), k_cache)
        places = torch.arange(plan.own.first, plan.own.first + plan.own.length, device=x.device)
        bias = self.decoder.bias(places[None, :] - positions[:, None]).transpose(0, 1).unsqueeze(2)
        own = with_bias(plan.own, bias.to(k_cache.dtype), begins, positions + 1)
        for i, block in enumerate(self.decoder.block):
            x = block.decode(x, plan, own, k_cache[i], v_cache[i])
        return self.logits(self.decoder.final_layer_norm(x))

    def logits(self, x: Tensor) -> Tensor:
        if self.scales:
            x = x * self.scale
        return self.lm_head(x).to(torch.float32)


class Blip2T5(Blip2):
    def __init__(self, config) -> None:
        super().__init__(config)
        self.language_model = T5ForConditionalGeneration(config.text_config)

    @torch.jit.export
    def embed(self, ids: Tensor, features: Tensor) -> Tensor:
        """ids [T], features [K,D] of one sequence -> [T,D]"""
        return self.place(ids, self.language_model.shared(ids), features)

    @torch.jit.export
    def prefill(self, embeds: Tensor, slots: Tensor, lengths: Tensor, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        """embeds [B,T,D] padded on the right, slots [B], lengths [B] -> logits [B,V] after the decoder's start"""
        begins = lengths - 1
        encoded = self.language_model.encode(embeds[:, :-1], begins)
        for i, block in enumerate(self.language_model.decoder.block):
            block.remember(encoded, slots, k_cache[i], v_cache[i])
        start = embeds[torch.arange(embeds.size(0), device=embeds.device), begins]
        return self.language_model.step(start, begins, begins, slots, k_cache, v_cache)

    @torch.jit.export
    def decode(
        self, tokens: Tensor, positions: Tensor, prompts: Tensor, slots: Tensor, k_cache: Tensor, v_cache: Tensor
    ) -> Tensor:
        """tokens, positions, prompts, slots [B] -> logits [B,V]"""
        order = slot_order(slots)
        places = slots
        if order is not None:
            places = slots - slots.min()
            tokens, positions, prompts, slots = tokens[order], positions[order], prompts[order], slots[order]
        x = self.language_model.shared(tokens)
        logits = self.language_model.step(x, positions, prompts - 1, slots, k_cache, v_cache)
        return logits if order is None else logits[places]


POSITIONS_MAX = 256  # of a slot; the positions are relative, so the model itself knows no limit


def check(config) -> None:
    text = config.text_config
    require("text_config.feed_forward_proj", text.feed_forward_proj, "gated-gelu")
    blip2.check(config)
    if decoder_start(config) is None:
        raise ExportError("config.json has no text_config.decoder_start_token_id, with which a caption would start")
    check_tokens([("text_config.decoder_start_token_id", decoder_start(config))], text.vocab_size)


def decoder_start(config) -> int | None:
    """As generate() finds it."""
    inner = inner_generation(config.text_config)
    return inner.bos_token_id if inner.decoder_start_token_id is None else inner.decoder_start_token_id


def make_program(config) -> nn.Module:
    with torch.device("meta"):
        module = Blip2T5(config).eval()
    return module.requires_grad_(False)


def describe(config, snapshot: Path) -> dict:
    text, model = config.text_config, "language_model."
    blocks = [("encoder", 1, text.num_layers), ("decoder", 2, text.num_decoder_layers)]
    outs = [
        f"{model}{stack}.block.{i}.layer.{layer}.DenseReluDense.wo.weight"
        for stack, layer, count in blocks
        for i in range(count)
    ]
    return {
        "ties": {},
        # Whatever text_config says: the reference ties the head where the files have none.
        "renames": [[f"{model}lm_head.weight", f"{model}shared.weight"]],
        "packs": PACKS,
        "float32": blip2.FLOAT32 + outs,
        "text": text_part(
            text,
            image_token=config.image_token_index,
            image_tokens=config.num_query_tokens,
            eos=blip2.end_tokens(config),
            history="suffix",
            suffix=(decoder_start(config),),
        ),
        "cache": {
            "layers": text.num_decoder_layers,
            "heads": text.num_heads,
            "head_dim": text.d_kv,
            "positions": POSITIONS_MAX,
        },
        "generation": generation_part(inner_generation(text), POSITIONS_MAX, config.num_query_tokens + 2),
    }
