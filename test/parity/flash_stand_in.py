"""What aten::_flash_attention_forward does on a GPU, on the CPU, and what it asks of its caller."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

HEAD_DIM_MAX = 256
VECTOR = 8  # numbers of 16 bits in the 128 bits that the kernel reads at once


@dataclass
class FlashStandIn:
    """One query a row over a part of its slot, or all queries of one prompt that follow its earlier keys; exact but for
    the last rounding. The checks are those of torch's kernel, of what it reads without checking, and of what we promise
    it: a row looks at one slot only."""

    dtypes: tuple[torch.dtype, ...]
    calls: int = 0

    def __call__(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        cum_seq_q: Tensor | None,
        cum_seq_k: Tensor | None,
        max_q: int,
        max_k: int,
        dropout_p: float,
        is_causal: bool,
        return_debug_mask: bool,
        *,
        scale: float,
        seqused_k: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        if query.dim() == 4:
            assert cum_seq_q is None and cum_seq_k is None and seqused_k is None
            assert (max_q, max_k) == (query.size(1), key.size(1))
            assert (dropout_p, is_causal, return_debug_mask) == (0.0, True, False)
            return self.rest_of_prompt(query, key, value, scale)
        assert max_q >= 1 and (dropout_p, is_causal, return_debug_mask) == (0.0, False, False)
        self.check_numbers(query, key, value)
        starts, used = check_rows(query.size(0), key.size(0), cum_seq_q, cum_seq_k, max_k, seqused_k)
        self.calls += 1
        group = query.size(1) // key.size(1)
        rows = []
        for row, start, count in zip(query, starts, used):
            k, v = (part[start : start + count].double().repeat_interleave(group, 1) for part in (key, value))
            weights = (torch.einsum("hd,thd->ht", row.double(), k) * scale).softmax(-1)
            rows.append(torch.einsum("ht,thd->hd", weights, v))
        rest = query.new_empty(0)
        return torch.stack(rows).to(query.dtype), rest, rest, rest, rest

    def rest_of_prompt(self, query: Tensor, key: Tensor, value: Tensor, scale: float) -> tuple:
        """The last query sees all keys, and each before it one less than the next."""
        assert query.size(0) == key.size(0) == 1 and query.size(1) <= key.size(1)
        self.check_numbers(query[0], key[0], value[0])
        self.calls += 1
        group = query.size(2) // key.size(2)
        k, v = (part[0].double().repeat_interleave(group, 1) for part in (key, value))
        late = torch.ones(query.size(1), key.size(1), dtype=torch.bool).triu(key.size(1) - query.size(1) + 1)
        scores = torch.einsum("qhd,khd->hqk", query[0].double(), k) * scale
        seen = torch.einsum("hqk,khd->qhd", scores.masked_fill(late, -float("inf")).softmax(-1), v)
        rest = query.new_empty(0)
        return seen[None].to(query.dtype), rest, rest, rest, rest

    def check_numbers(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        assert query.dim() == key.dim() == 3 and key.shape == value.shape
        assert query.dtype in self.dtypes and query.dtype == key.dtype == value.dtype
        assert query.size(1) % key.size(1) == 0
        assert query.size(2) == key.size(2) <= HEAD_DIM_MAX and query.size(2) % VECTOR == 0
        for part in (query, key, value):
            assert part.stride(2) == 1 and part.stride(0) % VECTOR == part.stride(1) % VECTOR == 0
            assert part.data_ptr() % 16 == 0


def check_rows(
    rows: int, keys: int, cum_seq_q: Tensor, cum_seq_k: Tensor, max_k: int, seqused_k: Tensor
) -> tuple[list[int], list[int]]:
    for numbers, count in ((cum_seq_q, rows + 1), (cum_seq_k, rows + 1), (seqused_k, rows)):
        assert numbers.dtype == torch.int32 and numbers.shape == (count,) and numbers.is_contiguous()
    assert rows > 0 and cum_seq_q.tolist() == list(range(rows + 1))
    starts, used = cum_seq_k.tolist()[:rows], seqused_k.tolist()
    for start, count in zip(starts, used):
        assert 0 < count <= max_k and start >= 0 and start + count <= keys
        assert start // max_k == (start + count - 1) // max_k
    return starts, used


@contextmanager
def flash_on_the_cpu(*dtypes: torch.dtype) -> Iterator[FlashStandIn]:
    stand_in = FlashStandIn(dtypes)
    with torch.library._scoped_library("aten", "IMPL", "CPU") as library:
        library.impl("_flash_attention_forward", stand_in)
        yield stand_in
