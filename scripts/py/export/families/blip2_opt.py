"""BLIP-2 with an OPT language model. Modules are named like the keys of the checkpoint's files."""

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.generation import generation_part, inner_generation, require, text_part
from export.parts import blip2
from export.parts.blip2 import Blip2
from export.parts.blocks import (
    StepPlan,
    Window,
    all_equal,
    ascending,
    attend_causal,
    attend_slots,
    dense,
    dense_into,
    first_of_range,
    is_vector,
    open_window,
    plan_step,
    reserve_pack,
    to_list,
    write_prompts,
    write_step,
)

FAMILY, KIND = "blip2-opt", "captioner"
# Weights that a GPU has side by side: parameters of the module that names the whole.
PACKS = {
    "self_attn.qkv": ["q_proj.weight", "k_proj.weight", "v_proj.weight"],
    "self_attn.qkv_bias": ["q_proj.bias", "k_proj.bias", "v_proj.bias"],
}
POSITION_OFFSET = 2  # OPT's table of positions starts with two rows that nobody uses


class OptAttention(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.head_dim = width // self.heads
        # The reference scales the query and then attends with scale 1. Another order rounds differently, except for
        # powers of two: those are left to attention, which saves an operation.
        self.scaling = self.head_dim**-0.5
        self.scales_query = math.frexp(self.scaling)[0] != 0.5
        self.query_scale = self.scaling if self.scales_query else 1.0
        self.attention_scale = 1.0 if self.scales_query else self.scaling
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)
        reserve_pack(self, "qkv", "qkv_bias")

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.head_dim))

    def query(self, x: Tensor) -> Tensor:
        q = dense(x, self.q_proj.weight, self.q_proj.bias)
        if self.scales_query:
            q.mul_(self.query_scale)
        return q

    def packed(self, x: Tensor) -> Tensor:
        """The heads of queries, keys and values, one after the other, for attention that scales them itself."""
        return self.split(F.linear(x, self.qkv, self.qkv_bias))

    def prefill(self, x: Tensor, slots: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        if x.is_cuda:
            qkv = self.packed(x)
            write_prompts(keys, values, slots, 0, qkv.narrow(2, self.heads, 2 * self.heads))
            parts = qkv.chunk(3, 2)
            return self.out_proj(attend_causal(parts[0], parts[1], parts[2], self.scaling))
        q, k, v = self.split(self.query(x)), self.split(self.k_proj(x)), self.split(self.v_proj(x))
        keys.narrow(1, 0, x.size(1)).index_copy_(0, slots, k)
        values.narrow(1, 0, x.size(1)).index_copy_(0, slots, v)
        return self.out_proj(attend_causal(q, k, v, self.attention_scale))

    def decode(self, x: Tensor, plan: StepPlan, keys: Tensor, values: Tensor) -> Tensor:
        if x.is_cuda:
            qkv = self.packed(x)
            write_step(keys, values, plan.rows, qkv.narrow(1, self.heads, 2 * self.heads))
            seen = attend_slots(qkv.narrow(1, 0, self.heads), keys, values, plan, self.scaling)
            return self.out_proj(seen)
        q = self.split(self.query(x))
        keys.flatten(0, 1).index_copy_(0, plan.rows, self.split(self.k_proj(x)))
        values.flatten(0, 1).index_copy_(0, plan.rows, self.split(self.v_proj(x)))
        return self.out_proj(attend_slots(q, keys, values, plan, self.attention_scale))

    def decode_window(self, x: Tensor, new_key: Tensor, new_value: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        dense_into(new_key, x, self.k_proj.weight, self.k_proj.bias)
        dense_into(new_value, x, self.v_proj.weight, self.v_proj.bias)
        q = self.query(x).view(-1, self.heads, 1, self.head_dim)
        seen = F.scaled_dot_product_attention(q, keys, values, scale=self.attention_scale).view_as(x)
        return dense(seen, self.out_proj.weight, self.out_proj.bias)


class OptLayer(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        width = config.hidden_size
        self.self_attn = OptAttention(config)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, config.ffn_dim)
        self.fc2 = nn.Linear(config.ffn_dim, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        x = attended.add_(x)
        normed = self.final_layer_norm(x)
        if x.is_cuda:  # with the activation in the product
            inner = torch._addmm_activation(self.fc1.bias, normed.flatten(0, -2), self.fc1.weight.t())
            return F.linear(inner, self.fc2.weight, self.fc2.bias).view_as(x).add_(x)
        inner = dense(normed, self.fc1.weight, self.fc1.bias).relu_()
        return dense(inner, self.fc2.weight, self.fc2.bias).add_(x)

    def prefill(self, x: Tensor, slots: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return self.finish(x, self.self_attn.prefill(self.self_attn_layer_norm(x), slots, keys, values))

    def decode(self, x: Tensor, plan: StepPlan, keys: Tensor, values: Tensor) -> Tensor:
        return self.finish(x, self.self_attn.decode(self.self_attn_layer_norm(x), plan, keys, values))

    def decode_window(self, x: Tensor, new_key: Tensor, new_value: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        normed = self.self_attn_layer_norm(x)
        return self.finish(x, self.self_attn.decode_window(normed, new_key, new_value, keys, values))


class OptDecoder(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.offset = POSITION_OFFSET
        self.embed_positions = nn.Embedding(config.max_position_embeddings + self.offset, config.hidden_size)
        self.final_layer_norm = nn.LayerNorm(config.hidden_size)
        self.layers = nn.ModuleList([OptLayer(config) for _ in range(config.num_hidden_layers)])

    def prefill(self, embeds: Tensor, slots: Tensor, lengths: Tensor, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        x = embeds + self.embed_positions.weight.narrow(0, self.offset, embeds.size(1))
        for i, layer in enumerate(self.layers):
            x = layer.prefill(x, slots, k_cache[i], v_cache[i])
        last = x[torch.arange(x.size(0), device=x.device), lengths - 1]
        return self.final_layer_norm(last)

    def decode(self, tokens: Tensor, positions: Tensor, plan: StepPlan, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        table = self.embed_positions.weight
        x = self.embed_tokens(tokens) + F.embedding(
            positions, table.narrow(0, self.offset, table.size(0) - self.offset)
        )
        for i, layer in enumerate(self.layers):
            x = layer.decode(x, plan, k_cache[i], v_cache[i])
        return self.final_layer_norm(x)

    def decode_window(self, tokens: Tensor, position: int, window: Window) -> Tensor:
        x = self.embed_tokens(tokens) + self.embed_positions.weight.select(0, position + self.offset)
        if is_vector(x.size(0), x):
            x = x.squeeze(0)
        new_keys, new_values, keys, values = window
        for i, layer in enumerate(self.layers):
            x = layer.decode_window(x, new_keys[i], new_values[i], keys[i], values[i])
        return self.final_layer_norm(x)


class OptModel(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.decoder = OptDecoder(config)


class OptForCausalLM(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.model = OptModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def logits(self, x: Tensor) -> Tensor:
        logits = torch.mv(self.lm_head.weight, x).unsqueeze(0) if x.dim() == 1 else self.lm_head(x)
        return logits.to(torch.float32)


class Blip2Opt(Blip2):
    def __init__(self, config) -> None:
        super().__init__(config)
        self.language_model = OptForCausalLM(config.text_config)

    @torch.jit.export
    def embed(self, ids: Tensor, features: Tensor) -> Tensor:
        """ids [T], features [K,D] of one sequence -> [T,D]"""
        return self.place(ids, self.language_model.model.decoder.embed_tokens(ids), features)

    @torch.jit.export
    def prefill(self, embeds: Tensor, slots: Tensor, lengths: Tensor, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        """embeds [B,T,D] padded on the right, slots [B], lengths [B] -> logits [B,V] of each last position"""
        x = self.language_model.model.decoder.prefill(embeds, slots, lengths, k_cache, v_cache)
        return self.language_model.logits(x)

    @torch.jit.export
    def decode(
        self, tokens: Tensor, positions: Tensor, prompts: Tensor, slots: Tensor, k_cache: Tensor, v_cache: Tensor
    ) -> Tensor:
        """tokens, positions, prompts, slots [B] -> logits [B,V]; the prompts' lengths make no difference here"""
        decoder = self.language_model.model.decoder
        if k_cache.is_cuda:
            plan = plan_step(positions, slots, -1, k_cache)
            return self.language_model.logits(decoder.decode(tokens, positions, plan, k_cache, v_cache))
        slot_list, position_list = to_list(slots), to_list(positions)
        first = first_of_range(slot_list)
        sorts = first >= 0 and not ascending(slot_list)
        places = slots
        if sorts:  # then the cache need not be copied to bring its rows in our order
            order, places = slots.argsort(), slots - first
            tokens, positions, slots = tokens[order], positions[order], slots[order]
        if first >= 0 and all_equal(position_list):
            position = position_list[0]
            window = open_window(k_cache, v_cache, first, len(slot_list), position)
            x = decoder.decode_window(tokens, position, window)
        else:
            plan = plan_step(positions, slots, first, k_cache)
            x = decoder.decode(tokens, positions, plan, k_cache, v_cache)
        if sorts:
            x = x[places]
        return self.language_model.logits(x)


# What the program above does. A checkpoint that asks for something else is refused, not silently captioned wrong.
OPT_SETTINGS = {
    "activation_function": "relu",
    "do_layer_norm_before": True,
    "_remove_final_layer_norm": False,
    "enable_bias": True,
    "layer_norm_elementwise_affine": True,
}

POSITIONS_MAX = 256  # of a slot: captions are short, and a cache of 2048 positions would be mostly empty


def check(config) -> None:
    text = config.text_config
    for name, known in OPT_SETTINGS.items():
        require(f"text_config.{name}", getattr(text, name), known)
    require("text_config.word_embed_proj_dim", text.word_embed_proj_dim, text.hidden_size)
    blip2.check(config)


def make_program(config) -> nn.Module:
    with torch.device("meta"):
        module = Blip2Opt(config).eval()
    return module.requires_grad_(False)


def describe(config, snapshot: Path) -> dict:
    text = config.text_config
    positions = min(text.max_position_embeddings, POSITIONS_MAX)
    head = "language_model.lm_head.weight"
    return {
        "ties": {head: "language_model.model.decoder.embed_tokens.weight"} if text.tie_word_embeddings else {},
        "renames": [],
        "packs": PACKS,
        "float32": blip2.FLOAT32,
        "text": text_part(
            config.text_config,
            image_token=config.image_token_index,
            image_tokens=config.num_query_tokens,
            eos=blip2.end_tokens(config),
            history="all",
        ),
        "cache": {
            "layers": text.num_hidden_layers,
            "heads": text.num_attention_heads,
            "head_dim": text.hidden_size // text.num_attention_heads,
            "positions": positions,
        },
        "generation": generation_part(inner_generation(text), positions, config.num_query_tokens + 1),
    }
