"""Scriptable building blocks that families share: attention over a slot cache, and the plan of a decode step.

No block names a dtype (the logits' float32 apart), so one program serves float32, float16 and bfloat16 weights.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def attend_all(q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
    """Every query sees every key: the encoders. q, k, v [B,T,H,D] -> [B,T,H*D]"""
    seen = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), scale=scale)
    return seen.transpose(1, 2).flatten(2)


def attend_causal(q: Tensor, k: Tensor, v: Tensor, scale: float) -> Tensor:
    """Prompts, padded on the right: what follows never reaches what precedes, so causality is mask enough.
    Keys and values may have fewer heads: each then serves a group of queries that follow one another."""
    group = q.size(2) // k.size(2)
    if group > 1 and q.is_cuda and q.element_size() == 4:  # the one kernel that knows no groups
        k, v = k.repeat_interleave(group, 2), v.repeat_interleave(group, 2)
        group = 1
    seen = F.scaled_dot_product_attention(
        q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True, scale=scale, enable_gqa=group > 1
    )
    return seen.transpose(1, 2).flatten(2)


def attend_one(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """One query a row. q [B,H,D], keys and values [B,G,T,D] -> [B,H*D]. Queries that share a head's keys stand where
    several queries in time would stand: the kernel then need not know of groups."""
    grouped = q.view(q.size(0), k.size(1), -1, q.size(2))
    return F.scaled_dot_product_attention(grouped, k, v, attn_mask=mask, scale=scale).flatten(1)


def dense(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A linear layer; a lone row comes as a vector, for which there is a cheaper call with the same result."""
    if x.dim() == 1:
        return torch.addmv(bias, weight, x)
    return F.linear(x, weight, bias)


def dense_into(out: Tensor, x: Tensor, weight: Tensor, bias: Tensor) -> None:
    if x.dim() == 1:
        torch.addmv(bias, weight, x, out=out)
    else:
        torch.addmm(bias, x, weight.t(), out=out)


class Mlp(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x)))


class StepPlan(NamedTuple):
    """Where the rows of one decode step stand in the cache; made once, used by every layer."""

    slots: Tensor  # [B]
    rows: Tensor  # [B], slot * positions + position: where each row's key and value go
    first_slot: int  # where row i stands in slot first_slot + i; else -1
    length: int  # cache positions to look at
    mask: Tensor | None  # [B,1,1,length], added to the scores; none for flash attention
    flash_rows: Tensor  # [B+1] int32, the row of the query
    flash_starts: Tensor  # [B+1] int32, the cache row where each slot starts
    flash_used: Tensor  # [B] int32, keys of each row


def to_list(numbers: Tensor) -> list[int]:
    """Of a tensor on the CPU. One number by itself costs a quarter of tolist()."""
    if numbers.size(0) == 1:
        return [int(numbers)]
    listed: list[int] = numbers.tolist()
    return listed


def first_of_range(slots: list[int]) -> int:
    """Of slots that are a range without holes, in any order; -1 where they are not."""
    first = min(slots)
    seen = [False] * len(slots)
    for slot in slots:
        place = slot - first
        if place >= len(slots) or seen[place]:
            return -1
        seen[place] = True
    return first


def ascending(slots: list[int]) -> bool:
    for i in range(1, len(slots)):
        if slots[i] < slots[i - 1]:
            return False
    return True


def all_equal(numbers: list[int]) -> bool:
    for number in numbers:
        if number != numbers[0]:
            return False
    return True


def late_keys(positions: Tensor, length: int, like: Tensor) -> Tensor:
    """-inf for the keys after a row's own position. As numbers, since attention would convert a boolean mask in
    each layer."""
    late = torch.arange(length, device=positions.device)[None, :] > positions[:, None]
    zeros = torch.zeros([positions.size(0), length], dtype=like.dtype, device=like.device)
    return zeros.masked_fill(late, -float("inf"))[:, None, None, :]


def uses_flash(cache: Tensor) -> bool:
    return cache.is_cuda and cache.element_size() == 2


def plan_step(positions: Tensor, slots: Tensor, first_slot: int, cache: Tensor) -> StepPlan:
    capacity = cache.size(2)
    starts = slots * capacity
    rows = starts + positions
    if uses_flash(cache):
        # Nothing is read back from the device: the step can be captured in a CUDA graph. The last start is
        # never looked at when the number of used keys is given.
        used = (positions + 1).to(torch.int32)
        queries = torch.arange(slots.size(0) + 1, dtype=torch.int32, device=slots.device)
        return StepPlan(slots, rows, -1, capacity, None, queries, F.pad(starts.to(torch.int32), [0, 1]), used)
    if cache.is_cuda:
        return StepPlan(slots, rows, -1, capacity, late_keys(positions, capacity, cache), rows, rows, rows)
    length = int(positions.max()) + 1
    return StepPlan(slots, rows, first_slot, length, late_keys(positions, length, cache), rows, rows, rows)


def attend_slots(q: Tensor, keys: Tensor, values: Tensor, plan: StepPlan, scale: float) -> Tensor:
    """One query a row over that row's slot. q [B,H,D], keys and values: one layer [S,M,G,D] -> [B,H*D]"""
    if uses_flash(keys):
        seen = torch.ops.aten._flash_attention_forward(
            q, keys.flatten(0, 1), values.flatten(0, 1), plan.flash_rows, plan.flash_starts,
            1, plan.length, 0.0, False, False, scale=scale, seqused_k=plan.flash_used,
        )[0]  # fmt: skip
        return seen.flatten(1)
    k, v = keys.narrow(1, 0, plan.length), values.narrow(1, 0, plan.length)
    if plan.first_slot >= 0:
        k, v = k.narrow(0, plan.first_slot, q.size(0)), v.narrow(0, plan.first_slot, q.size(0))
    else:
        k, v = k.index_select(0, plan.slots), v.index_select(0, plan.slots)
    return attend_one(q, k.transpose(1, 2), v.transpose(1, 2), plan.mask, scale)


class Step(NamedTuple):
    """The rows of a decode step on the CPU, in the order of their slots where that order saves copies."""

    tokens: Tensor
    positions: Tensor
    slots: Tensor
    first_slot: int  # where row i stands in slot first_slot + i; else -1
    position: int  # common to all rows in consecutive slots: the case for a window; else -1
    places: Tensor | None  # where the caller's rows went, if they were sorted


def arrange_step(tokens: Tensor, positions: Tensor, slots: Tensor) -> Step:
    slot_list, position_list = to_list(slots), to_list(positions)
    first = first_of_range(slot_list)
    position = position_list[0] if first >= 0 and all_equal(position_list) else -1
    if first < 0 or ascending(slot_list):
        return Step(tokens, positions, slots, first, position, None)
    order = slots.argsort()  # then the cache need not be copied to bring its rows in our order
    return Step(tokens[order], positions[order], slots[order], first, position, slots - first)


class Window(NamedTuple):
    """The cache as rows in consecutive slots at one common position see it: views only, made once for all layers.
    A single sequence, or the beams of one: the case that a lone request waits for."""

    new_keys: list[Tensor]  # a layer each, [B,H*D] or, of a vector, [H*D]: where the step's keys go
    new_values: list[Tensor]
    keys: list[Tensor]  # a layer each, [B,H,T,D]
    values: list[Tensor]


def is_vector(count: int, cache: Tensor) -> bool:
    """Whether a step's rows go through the layers as one vector. In 16 bits the matrix calls are the faster ones."""
    return count == 1 and cache.element_size() == 4


def open_cache(cache: Tensor, first_slot: int, count: int, position: int) -> tuple[list[Tensor], list[Tensor]]:
    rows = cache.narrow(1, first_slot, count)
    new = rows.select(2, position).flatten(1 if is_vector(count, cache) else 2).unbind(0)
    seen = rows.narrow(2, 0, position + 1).transpose(2, 3).unbind(0)
    return new, seen


def open_window(k_cache: Tensor, v_cache: Tensor, first_slot: int, count: int, position: int) -> Window:
    new_keys, keys = open_cache(k_cache, first_slot, count, position)
    new_values, values = open_cache(v_cache, first_slot, count, position)
    return Window(new_keys, new_values, keys, values)
