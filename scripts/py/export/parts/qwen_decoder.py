"""The decoders of Qwen2.5-VL and Qwen3-VL over a slot cache: Llama's, turned along three axes (time, down, across).
Module names are the keys of the files of Qwen2.5-VL."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.parts.blocks import StepPlan, Window, attend_one, is_vector, mask_after, product, reserve_pack
from export.parts.llama_blocks import PACKS, LlamaAttention, LlamaLayer, RmsNorm, Rotary, turn, turn_in_place

BIAS_PACKS = {"self_attn.qkv_bias": ["q_proj.bias", "k_proj.bias", "v_proj.bias"]}


def affine(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A linear layer with or without bias; a lone row comes as a vector, for which there is a cheaper call."""
    if x.dim() > 1:
        return F.linear(x, weight, bias)
    return torch.mv(weight, x) if bias is None else torch.addmv(bias, weight, x)


class QwenAttention(LlamaAttention):
    """Llama's with biases on queries, keys and values (2.5), or with norms of each head before it is turned (3)."""

    def __init__(self, config, bias: bool, normed: bool) -> None:
        super().__init__(config)
        width = config.hidden_size
        self.q_proj = nn.Linear(width, self.heads * self.head_dim, bias=bias)
        self.k_proj = nn.Linear(width, self.key_heads * self.head_dim, bias=bias)
        self.v_proj = nn.Linear(width, self.key_heads * self.head_dim, bias=bias)
        self.q_norm = RmsNorm(self.head_dim, config.rms_norm_eps) if normed else None
        self.k_norm = RmsNorm(self.head_dim, config.rms_norm_eps) if normed else None
        if bias:
            reserve_pack(self, "qkv_bias")
        else:
            self.qkv_bias = None

    def query(self, x: Tensor, rotary: Rotary) -> Tensor:
        q = self.split(affine(x, self.q_proj.weight, self.q_proj.bias))
        if self.q_norm is not None:
            q = self.q_norm(q)
        return turn(q, rotary)

    def key(self, x: Tensor, rotary: Rotary) -> Tensor:
        k = self.split(affine(x, self.k_proj.weight, self.k_proj.bias))
        if self.k_norm is not None:
            k = self.k_norm(k)
        return turn(k, rotary)

    def value(self, x: Tensor) -> Tensor:
        return self.split(affine(x, self.v_proj.weight, self.v_proj.bias))

    def packed(self, x: Tensor, rotary: Rotary) -> Tensor:
        """The heads of queries, keys and values, one after the other."""
        qkv = self.split(F.linear(x, self.qkv, self.qkv_bias))
        if self.q_norm is not None and self.k_norm is not None:
            q, k, v = qkv.split([self.heads, self.key_heads, self.key_heads], -2)
            qkv = torch.cat([self.q_norm(q), self.k_norm(k), v], -2)
        turn_in_place(qkv.narrow(-2, 0, self.heads + self.key_heads), rotary)
        return qkv

    def decode_window(
        self, x: Tensor, rotary: Rotary, new_key: Tensor, new_value: Tensor, keys: Tensor, values: Tensor
    ) -> Tensor:
        new_key.copy_(self.key(x, rotary).flatten(-2))
        new_value.copy_(affine(x, self.v_proj.weight, self.v_proj.bias))
        q = self.query(x, rotary).view(-1, self.heads, self.head_dim)
        seen = attend_one(q, keys, values, None, self.scale)
        return seen.squeeze(0) if x.dim() == 1 else seen


class QwenLayer(LlamaLayer):
    def __init__(self, config, bias: bool, normed: bool) -> None:
        super().__init__(config)
        self.self_attn = QwenAttention(config, bias, normed)


class QwenModel(nn.Module):
    sections: list[int]

    def __init__(self, config, bias: bool, normed: bool, in_turn: bool, deep: int) -> None:
        super().__init__()
        self.width, self.deep, self.head_dim = config.hidden_size, deep, config.head_dim
        self.theta = float(config.rope_parameters["rope_theta"])
        self.sections = [int(count) for count in config.rope_parameters["mrope_section"]]
        self.in_turn = in_turn
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([QwenLayer(config, bias, normed) for _ in range(config.num_hidden_layers)])
        self.norm = RmsNorm(config.hidden_size, config.rms_norm_eps)

    def axes(self, device: torch.device) -> Tensor:
        """Along which axis each pair of a head's numbers is turned [D/2]. In blocks, or in turn: then time has what the
        others leave. Computed where it is used, since a list would have to be brought there."""
        pairs, time = torch.arange(self.head_dim // 2, device=device), self.sections[0]
        down, across = self.sections[1], self.sections[2]
        if not self.in_turn:
            return (pairs >= time).to(torch.int64) + (pairs >= time + down).to(torch.int64)
        is_down = (pairs % 3 == 1) & (pairs < 3 * down)
        is_across = (pairs % 3 == 2) & (pairs < 3 * across)
        return is_down.to(torch.int64) + 2 * is_across.to(torch.int64)

    def rotary(self, places: Tensor, like: Tensor) -> Rotary:
        """places [...,1 or D/2] -> turns [...,1,D]; angles in float32, as in the reference."""
        steps = torch.arange(0, self.head_dim, 2, device=places.device, dtype=torch.float32)
        frequencies = 1.0 / (self.theta ** (steps / self.head_dim))
        angles = (places.to(torch.float32) * frequencies).unsqueeze(-2)
        cosines, sines = angles.cos().to(like.dtype), angles.sin().to(like.dtype)
        return Rotary(torch.cat([cosines, cosines], -1), torch.cat([-sines, sines], -1))

    def begin(self, embeds: Tensor) -> Tensor:
        """The first columns of [...,D*(1+deep)]."""
        x = embeds.narrow(-1, 0, self.width)
        return x.clone(memory_format=torch.contiguous_format) if x.is_cuda else x  # layers write over it there

    def prefill(
        self, embeds: Tensor, places: Tensor, slots: Tensor, lengths: Tensor, k_cache: Tensor, v_cache: Tensor
    ) -> Tensor:
        """embeds [B,T,D*(1+deep)], places [B,3,T]"""
        x = self.begin(embeds)
        rotary = self.rotary(places.index_select(1, self.axes(places.device)).transpose(1, 2), x)
        for i, layer in enumerate(self.layers):
            x = layer.prefill(x, rotary, slots, k_cache[i], v_cache[i])
            if i < self.deep:
                x.add_(embeds.narrow(-1, (i + 1) * self.width, self.width))
        last = x[torch.arange(x.size(0), device=x.device), lengths - 1]
        return self.norm(last)

    def prefill_more(
        self, embeds: Tensor, places: Tensor, slot: int, first: int, k_cache: Tensor, v_cache: Tensor
    ) -> Tensor:
        """embeds [T,D*(1+deep)], places [3,T] -> [1,D] of the last"""
        embeds = embeds.unsqueeze(0)
        x = self.begin(embeds)
        rotary = self.rotary(places.index_select(0, self.axes(places.device)).t(), x)
        mask = mask_after(first, x.size(1), k_cache)
        for i, layer in enumerate(self.layers):
            x = layer.prefill_more(x, rotary, mask, slot, first, k_cache[i], v_cache[i])
            if i < self.deep:
                x.add_(embeds.narrow(-1, (i + 1) * self.width, self.width))
        return self.norm(x[:, -1])

    def decode(self, tokens: Tensor, turns: Tensor, plan: StepPlan, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        """turns [B]: a word's place, the same on each axis"""
        x = self.embed_tokens(tokens)
        rotary = self.rotary(turns.unsqueeze(-1), x)
        for i, layer in enumerate(self.layers):
            x = layer.decode(x, rotary, plan, k_cache[i], v_cache[i])
        return self.norm(x)

    def decode_window(self, tokens: Tensor, turns: Tensor, window: Window) -> Tensor:
        """Of rows that all turn alike."""
        x = self.embed_tokens(tokens)
        rotary = self.rotary(turns.narrow(0, 0, 1), x)
        rotary = Rotary(rotary.cosines.view(-1), rotary.sines.view(-1))
        if is_vector(x.size(0), x):
            x = x.squeeze(0)
        new_keys, new_values, keys, values = window
        for i, layer in enumerate(self.layers):
            x = layer.decode_window(x, rotary, new_keys[i], new_values[i], keys[i], values[i])
        return self.norm(x)


def packs_of(bias: bool) -> dict:
    return PACKS | BIAS_PACKS if bias else PACKS


def head_logits(x: Tensor, weight: Tensor) -> Tensor:
    """x [B,D], or a lone row [D] -> [B,V]"""
    logits = product(x, weight)
    return (logits.unsqueeze(0) if x.dim() == 1 else logits).to(torch.float32)
