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


def attend_after(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """The rest of one prompt, whose queries follow the keys of what was read before. q [1,T,H,D], k, v [1,M,G,D], the
    last T of them its own -> [1,T,H*D]"""
    if uses_flash(k):  # causal from the end on, as this kernel means it
        seen = torch.ops.aten._flash_attention_forward(
            q, k, v, None, None, q.size(1), k.size(1), 0.0, True, False, scale=scale
        )[0]
        return seen.flatten(2)
    group = q.size(2) // k.size(2)
    if group > 1:  # not every kernel with a mask knows groups
        k, v = k.repeat_interleave(group, 2), v.repeat_interleave(group, 2)
    seen = F.scaled_dot_product_attention(
        q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), attn_mask=mask, scale=scale
    )
    return seen.transpose(1, 2).flatten(2)


def mask_after(first: int, count: int, like: Tensor) -> Tensor | None:
    """Of `count` queries at the positions from `first` on: [1,1,count,first + count]"""
    if uses_flash(like):
        return None
    positions = torch.arange(first, first + count, device=like.device)
    return late_keys(positions, first + count, like).transpose(0, 2)


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


def product(x: Tensor, weight: Tensor) -> Tensor:
    """A linear layer without bias; a lone row comes as a vector, for which there is a cheaper call."""
    return torch.mv(weight, x) if x.dim() == 1 else F.linear(x, weight)


def add_product(x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """x + y W', written over x where a call is saved by that."""
    if not x.is_cuda:
        return product(y, weight).add_(x)
    x.flatten(0, -2).addmm_(y.flatten(0, -2), weight.t())
    return x


def reserve_pack(module: nn.Module, *names: str) -> None:
    """Where several of a module's weights will lie as one tensor, on a GPU: the manifest's `packs` says which. On a CPU
    they stay where their file is mapped, and the pack is empty."""
    for name in names:
        module.register_buffer(name, torch.empty(0))


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
    capacity, count = cache.size(2), slots.size(0)
    rows = torch.add(positions, slots, alpha=capacity)
    if uses_flash(cache):
        # Nothing is read back from the device: the step can be captured in a CUDA graph. The last start is
        # never looked at when the number of used keys is given.
        queries = torch.arange(count + 1, dtype=torch.int32, device=slots.device)
        starts, used = torch.empty_like(queries), torch.empty_like(queries).narrow(0, 0, count)
        torch.sub(rows, positions, out=starts.narrow(0, 0, count))
        torch.add(positions, queries.narrow(0, 1, 1), out=used)  # 1: a tensor, since with a number it cannot cast
        return StepPlan(slots, rows, -1, capacity, None, queries, starts, used)
    if cache.is_cuda:
        return StepPlan(slots, rows, -1, capacity, late_keys(positions, capacity, cache), rows, rows, rows)
    length = int(positions.max()) + 1
    return StepPlan(slots, rows, first_slot, length, late_keys(positions, length, cache), rows, rows, rows)


def side_by_side(keys: Tensor, values: Tensor) -> Tensor | None:
    """One layer of both caches as one tensor [2,S,M,G,D], if they lie so in their storage: then one call does for
    both."""
    apart = values.storage_offset() - keys.storage_offset()
    if apart <= 0:
        return None
    shape, steps = keys.size(), keys.stride()
    return keys.as_strided([2, shape[0], shape[1], shape[2], shape[3]], [apart, steps[0], steps[1], steps[2], steps[3]])


def write_step(keys: Tensor, values: Tensor, rows: Tensor, new: Tensor) -> None:
    """One layer of both caches [S,M,G,D], rows [B], new keys and then values [B,2*G,D]."""
    new, both = new.unflatten(1, (2, -1)), side_by_side(keys, values)
    if both is not None:
        both.flatten(1, 2).index_copy_(1, rows, new.transpose(0, 1))
    else:
        keys.flatten(0, 1).index_copy_(0, rows, new.select(1, 0))
        values.flatten(0, 1).index_copy_(0, rows, new.select(1, 1))


def write_prompts(keys: Tensor, values: Tensor, slots: Tensor, first: int, new: Tensor) -> None:
    """One layer of both caches [S,M,G,D], slots [B], new keys and then values [B,T,2*G,D], from position `first` on."""
    length, new, both = new.size(1), new.unflatten(2, (2, -1)), side_by_side(keys, values)
    if both is not None:
        both.narrow(2, first, length).index_copy_(1, slots, new.movedim(2, 0))
    else:
        keys.narrow(1, first, length).index_copy_(0, slots, new.select(2, 0))
        values.narrow(1, first, length).index_copy_(0, slots, new.select(2, 1))


def attend_slots(q: Tensor, keys: Tensor, values: Tensor, plan: StepPlan, scale: float) -> Tensor:
    """One query a row over that row's slot. q [B,H,D], keys and values: one layer [S,M,G,D] -> [B,H*D]"""
    if uses_flash(keys):
        # It is told that a row has up to 2 queries. With 1 it would bring heads that share keys into another order, and
        # back, which takes four more calls a layer.
        seen = torch.ops.aten._flash_attention_forward(
            q, keys.flatten(0, 1), values.flatten(0, 1), plan.flash_rows, plan.flash_starts,
            2, plan.length, 0.0, False, False, scale=scale, seqused_k=plan.flash_used,
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
