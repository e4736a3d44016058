"""Attention of models with an encoder, in one cache row a sequence: first the rows of the encoder, whose keys and
values every layer looks up, then the rows of the decoder's own words."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from export.parts.blocks import ascending, first_of_range, side_by_side, to_list, uses_flash


class Part(NamedTuple):
    """The rows of each sequence that one kind of attention looks at."""

    first: int  # the window of cache positions that holds the rows of all sequences
    length: int
    mask: Tensor | None  # [B,1 or H,1,length], added to the scores: what of the window is not a sequence's own
    flash: bool
    flash_starts: Tensor  # [B+1] int32, the cache row where each sequence's part starts
    flash_used: Tensor  # [B] int32, how many rows it has


class TwoParts(NamedTuple):
    """Where the rows of one decode step stand in the cache; made once, used by every layer."""

    slots: Tensor  # [B]
    rows: Tensor  # [B], slot * positions + position: where each row's key and value go
    first_slot: int  # where row i stands in slot first_slot + i; else -1
    queries: Tensor  # [B+1] int32, for flash attention
    own: Part  # the decoder's rows so far, with the new one
    seen: Part  # the encoder's


def plan_parts(positions: Tensor, slots: Tensor, begins: Tensor, first_slot: int, cache: Tensor) -> TwoParts:
    """`begins` [B]: where each sequence's own rows begin, which is how many rows its encoder has."""
    starts = slots * cache.size(2)
    rows = starts + positions
    queries = rows
    if uses_flash(cache):
        queries = torch.arange(slots.size(0) + 1, dtype=torch.int32, device=slots.device)
    own = plan_part(begins, positions + 1, starts, cache)
    seen = plan_part(torch.zeros_like(begins), begins, starts, cache)
    return TwoParts(slots, rows, first_slot, queries, own, seen)


def plan_part(begins: Tensor, ends: Tensor, starts: Tensor, cache: Tensor) -> Part:
    """Rows begins..ends-1 of each sequence. On a GPU nothing is read back: the step can be captured in a graph."""
    if uses_flash(cache):
        first_rows = F.pad((starts + begins).to(torch.int32), [0, 1])  # the last is never looked at
        return Part(0, cache.size(2), None, True, first_rows, (ends - begins).to(torch.int32))
    if cache.is_cuda:
        return Part(0, cache.size(2), outside(begins, ends, 0, cache.size(2), cache), False, starts, starts)
    first, last = int(begins.min()), int(ends.max())
    same = int(begins.max()) == first and int(ends.min()) == last
    mask = None if same else outside(begins, ends, first, last - first, cache)
    return Part(first, last - first, mask, False, starts, starts)


def outside(begins: Tensor, ends: Tensor, first: int, length: int, like: Tensor) -> Tensor:
    """[B,1,1,length]: -inf for what is not in begins..ends-1. As numbers, since attention would convert a boolean
    mask in each layer."""
    places = torch.arange(first, first + length, device=begins.device)[None, :]
    foreign = (places < begins[:, None]) | (places >= ends[:, None])
    zeros = torch.zeros([begins.size(0), length], dtype=like.dtype, device=like.device)
    return zeros.masked_fill(foreign, -float("inf"))[:, None, None, :]


def with_bias(part: Part, bias: Tensor, begins: Tensor, ends: Tensor) -> Part:
    """The same rows with a bias [B,H,1,length] on the scores, which flash attention does not know."""
    mask = part.mask
    if part.flash:
        mask = outside(begins, ends, part.first, part.length, bias)
    # In the order in which attention reads it: else each layer would bring it into that order.
    scores = (bias if mask is None else bias + mask).contiguous()
    return Part(part.first, part.length, scores, False, part.flash_starts, part.flash_used)


def attend_part(q: Tensor, keys: Tensor, values: Tensor, plan: TwoParts, part: Part, scale: float) -> Tensor:
    """One query a row over a part of that row's slot. q [B,H,D], keys and values: one layer [S,M,H,D] -> [B,H*D]"""
    if part.flash:
        seen = torch.ops.aten._flash_attention_forward(
            q, keys.flatten(0, 1), values.flatten(0, 1), plan.queries, part.flash_starts,
            1, part.length, 0.0, False, False, scale=scale, seqused_k=part.flash_used,
        )[0]  # fmt: skip
        return seen.flatten(1)
    both = side_by_side(keys, values) if q.is_cuda else None
    if both is not None:  # every position: `part.length` is all of them
        k, v = both.index_select(1, plan.slots).transpose(2, 3).unbind(0)
        return F.scaled_dot_product_attention(q.unsqueeze(2), k, v, attn_mask=part.mask, scale=scale).flatten(1)
    k, v = keys.narrow(1, part.first, part.length), values.narrow(1, part.first, part.length)
    if plan.first_slot >= 0:
        k, v = k.narrow(0, plan.first_slot, q.size(0)), v.narrow(0, plan.first_slot, q.size(0))
    else:
        k, v = k.index_select(0, plan.slots), v.index_select(0, plan.slots)
    k, v = k.transpose(1, 2), v.transpose(1, 2)
    return F.scaled_dot_product_attention(q.unsqueeze(2), k, v, attn_mask=part.mask, scale=scale).flatten(1)


def write_rows(cache: Tensor, rows: Tensor, new: Tensor) -> None:
    """One layer's cache [S,M,H,D], rows [B], new [B,H,D]"""
    cache.flatten(0, 1).index_copy_(0, rows, new)


def write_prompt(cache: Tensor, slots: Tensor, first: int, new: Tensor) -> None:
    """One layer's cache [S,M,H,D], new [B,T,H,D]: positions first..first+T-1 of each slot."""
    cache.narrow(1, first, new.size(1)).index_copy_(0, slots, new)


def slot_order(slots: Tensor) -> Tensor | None:
    """The order in which slots that are a range without holes ascend; none where there is nothing to sort, or on a
    GPU. In that order the cache need not be copied to bring its rows together."""
    if slots.is_cuda:
        return None
    listed = to_list(slots)
    if first_of_range(listed) < 0 or ascending(listed):
        return None
    return slots.argsort()


def first_slot_of(slots: Tensor) -> int:
    """Of slots that follow one another; -1 for others, and on a GPU, where looking at them would be waiting."""
    if slots.is_cuda:
        return -1
    listed: list[int] = to_list(slots)
    first = first_of_range(listed)
    return first if ascending(listed) else -1
