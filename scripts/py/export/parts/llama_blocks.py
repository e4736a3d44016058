"""The decoder of Llama and Mistral over a slot cache, scriptable. Module names are the keys of the files."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.parts.blocks import (
    StepPlan,
    Window,
    add_product,
    attend_after,
    attend_causal,
    attend_one,
    attend_slots,
    is_vector,
    mask_after,
    product,
    reserve_pack,
    write_prompts,
    write_step,
)

# Weights that a GPU has side by side: parameters of the module that names the whole.
PACKS = {
    "self_attn.qkv": ["q_proj.weight", "k_proj.weight", "v_proj.weight"],
    "mlp.gate_up": ["gate_proj.weight", "up_proj.weight"],
}


class Rotary(NamedTuple):
    """The turns of some positions; broadcast over heads. The sines of each first half are negated."""

    cosines: Tensor  # [...,D]
    sines: Tensor


def turn(x: Tensor, rotary: Rotary) -> Tensor:
    """Rotates the pairs (x[i], x[i + D/2])."""
    return x * rotary.cosines + x.roll(x.size(-1) // 2, -1) * rotary.sines


def turn_in_place(x: Tensor, rotary: Rotary) -> None:
    """The same in fewer calls, rounded once."""
    swapped = x.unflatten(-1, (2, -1)).flip(-2).flatten(-2)
    torch.addcmul(x * rotary.cosines, swapped, rotary.sines, out=x)


class RmsNorm(nn.Module):
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        if x.is_cuda:
            return torch.rms_norm(x, [x.size(-1)], self.weight, self.eps)
        # In float32 whatever the model's dtype; rounded before it is weighed, as the reference does.
        wide = x.to(torch.float32)
        normed = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.eps)
        return self.weight * normed.to(x.dtype)


class LlamaAttention(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        width = config.hidden_size
        self.head_dim = config.head_dim
        self.heads, self.key_heads = config.num_attention_heads, config.num_key_value_heads
        self.scale = self.head_dim**-0.5
        self.q_proj = nn.Linear(width, self.heads * self.head_dim, bias=False)
        self.k_proj = nn.Linear(width, self.key_heads * self.head_dim, bias=False)
        self.v_proj = nn.Linear(width, self.key_heads * self.head_dim, bias=False)
        self.o_proj = nn.Linear(self.heads * self.head_dim, width, bias=False)
        reserve_pack(self, "qkv")

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.head_dim))

    def query(self, x: Tensor, rotary: Rotary) -> Tensor:
        return turn(self.split(product(x, self.q_proj.weight)), rotary)

    def key(self, x: Tensor, rotary: Rotary) -> Tensor:
        return turn(self.split(product(x, self.k_proj.weight)), rotary)

    def value(self, x: Tensor) -> Tensor:
        return self.split(product(x, self.v_proj.weight))

    def packed(self, x: Tensor, rotary: Rotary) -> Tensor:
        """The heads of queries, keys and values, one after the other."""
        qkv = self.split(F.linear(x, self.qkv))
        turn_in_place(qkv.narrow(-2, 0, self.heads + self.key_heads), rotary)
        return qkv

    def prefill(self, x: Tensor, rotary: Rotary, slots: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """What was seen, before the last product."""
        if x.is_cuda:
            qkv = self.packed(x, rotary)
            write_prompts(keys, values, slots, 0, qkv.narrow(2, self.heads, 2 * self.key_heads))
            parts = qkv.split([self.heads, self.key_heads, self.key_heads], 2)
            return attend_causal(parts[0], parts[1], parts[2], self.scale)
        q, k, v = self.query(x, rotary), self.key(x, rotary), self.value(x)
        keys.narrow(1, 0, x.size(1)).index_copy_(0, slots, k)
        values.narrow(1, 0, x.size(1)).index_copy_(0, slots, v)
        return attend_causal(q, k, v, self.scale)

    def prefill_more(
        self, x: Tensor, rotary: Rotary, mask: Tensor | None, slot: int, first: int, keys: Tensor, values: Tensor
    ) -> Tensor:
        """The same for one prompt, of which the slot holds what stands before position `first`."""
        keys, values, length = keys.narrow(0, slot, 1), values.narrow(0, slot, 1), first + x.size(1)
        if x.is_cuda:
            qkv = self.packed(x, rotary)
            q = qkv.narrow(2, 0, self.heads)
            keys.narrow(1, first, x.size(1)).copy_(qkv.narrow(2, self.heads, self.key_heads))
            values.narrow(1, first, x.size(1)).copy_(qkv.narrow(2, self.heads + self.key_heads, self.key_heads))
        else:
            q = self.query(x, rotary)
            keys.narrow(1, first, x.size(1)).copy_(self.key(x, rotary))
            values.narrow(1, first, x.size(1)).copy_(self.value(x))
        return attend_after(q, keys.narrow(1, 0, length), values.narrow(1, 0, length), mask, self.scale)

    def decode(self, x: Tensor, rotary: Rotary, plan: StepPlan, keys: Tensor, values: Tensor) -> Tensor:
        if x.is_cuda:
            qkv = self.packed(x, rotary)
            write_step(keys, values, plan.rows, qkv.narrow(1, self.heads, 2 * self.key_heads))
            return attend_slots(qkv.narrow(1, 0, self.heads), keys, values, plan, self.scale)
        keys.flatten(0, 1).index_copy_(0, plan.rows, self.key(x, rotary))
        values.flatten(0, 1).index_copy_(0, plan.rows, self.value(x))
        return attend_slots(self.query(x, rotary), keys, values, plan, self.scale)

    def decode_window(
        self, x: Tensor, rotary: Rotary, new_key: Tensor, new_value: Tensor, keys: Tensor, values: Tensor
    ) -> Tensor:
        new_key.copy_(self.key(x, rotary).flatten(-2))
        new_value.copy_(product(x, self.v_proj.weight))
        q = self.query(x, rotary).view(-1, self.heads, self.head_dim)
        seen = attend_one(q, keys, values, None, self.scale)
        return seen.squeeze(0) if x.dim() == 1 else seen


class LlamaMlp(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)
        reserve_pack(self, "gate_up")

    def inner(self, x: Tensor) -> Tensor:
        if x.is_cuda:
            gate, up = F.linear(x, self.gate_up).chunk(2, -1)
            return F.silu(gate).mul_(up)
        return F.silu(product(x, self.gate_proj.weight)).mul_(product(x, self.up_proj.weight))


class LlamaLayer(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.self_attn = LlamaAttention(config)
        self.mlp = LlamaMlp(config)
        self.input_layernorm = RmsNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RmsNorm(config.hidden_size, config.rms_norm_eps)

    def finish(self, x: Tensor, seen: Tensor) -> Tensor:
        x = add_product(x, seen, self.self_attn.o_proj.weight)
        return add_product(x, self.mlp.inner(self.post_attention_layernorm(x)), self.mlp.down_proj.weight)

    def prefill(self, x: Tensor, rotary: Rotary, slots: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return self.finish(x, self.self_attn.prefill(self.input_layernorm(x), rotary, slots, keys, values))

    def prefill_more(
        self, x: Tensor, rotary: Rotary, mask: Tensor | None, slot: int, first: int, keys: Tensor, values: Tensor
    ) -> Tensor:
        normed = self.input_layernorm(x)
        return self.finish(x, self.self_attn.prefill_more(normed, rotary, mask, slot, first, keys, values))

    def decode(self, x: Tensor, rotary: Rotary, plan: StepPlan, keys: Tensor, values: Tensor) -> Tensor:
        return self.finish(x, self.self_attn.decode(self.input_layernorm(x), rotary, plan, keys, values))

    def decode_window(
        self, x: Tensor, rotary: Rotary, new_key: Tensor, new_value: Tensor, keys: Tensor, values: Tensor
    ) -> Tensor:
        normed = self.input_layernorm(x)
        return self.finish(x, self.self_attn.decode_window(normed, rotary, new_key, new_value, keys, values))


class LlamaModel(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.head_dim = config.head_dim
        self.theta = float(config.rope_parameters["rope_theta"])
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([LlamaLayer(config) for _ in range(config.num_hidden_layers)])
        self.norm = RmsNorm(config.hidden_size, config.rms_norm_eps)

    def rotary(self, positions: Tensor, like: Tensor) -> Rotary:
        """positions [N] -> turns [N,1,D]; angles in float32, as in the reference."""
        steps = torch.arange(0, self.head_dim, 2, device=positions.device, dtype=torch.float32)
        frequencies = 1.0 / (self.theta ** (steps / self.head_dim))
        angles = positions.to(torch.float32)[:, None, None] * frequencies
        cosines, sines = angles.cos().to(like.dtype), angles.sin().to(like.dtype)
        return Rotary(torch.cat([cosines, cosines], -1), torch.cat([-sines, sines], -1))

    def prefill(self, embeds: Tensor, slots: Tensor, lengths: Tensor, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        x = embeds.clone() if embeds.is_cuda else embeds  # layers write over it there
        rotary = self.rotary(torch.arange(x.size(1), device=x.device), x)
        for i, layer in enumerate(self.layers):
            x = layer.prefill(x, rotary, slots, k_cache[i], v_cache[i])
        last = x[torch.arange(x.size(0), device=x.device), lengths - 1]
        return self.norm(last)

    def prefill_more(self, embeds: Tensor, slot: int, first: int, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        """embeds [T,D] -> [1,D] of the last"""
        x = embeds.unsqueeze(0)
        x = x.clone() if x.is_cuda else x
        rotary = self.rotary(torch.arange(first, first + x.size(1), device=x.device), x)
        mask = mask_after(first, x.size(1), k_cache)
        for i, layer in enumerate(self.layers):
            x = layer.prefill_more(x, rotary, mask, slot, first, k_cache[i], v_cache[i])
        return self.norm(x[:, -1])

    def decode(self, tokens: Tensor, positions: Tensor, plan: StepPlan, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        x = self.embed_tokens(tokens)
        rotary = self.rotary(positions, x)
        for i, layer in enumerate(self.layers):
            x = layer.decode(x, rotary, plan, k_cache[i], v_cache[i])
        return self.norm(x)

    def decode_window(self, tokens: Tensor, positions: Tensor, window: Window) -> Tensor:
        x = self.embed_tokens(tokens)
        rotary = self.rotary(positions.narrow(0, 0, 1), x)
        rotary = Rotary(rotary.cosines.view(-1), rotary.sines.view(-1))
        if is_vector(x.size(0), x):
            x = x.squeeze(0)
        new_keys, new_values, keys, values = window
        for i, layer in enumerate(self.layers):
            x = layer.decode_window(x, rotary, new_keys[i], new_values[i], keys[i], values[i])
        return self.norm(x)


class LlamaForCausalLM(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.model = LlamaModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def logits(self, x: Tensor) -> Tensor:
        logits = product(x, self.lm_head.weight)
        return (logits.unsqueeze(0) if x.dim() == 1 else logits).to(torch.float32)
