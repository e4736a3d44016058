"""The stand-in for flash attention: it is attention, and it refuses what the kernel does not take."""

import pytest
import torch
import torch.nn.functional as F
from torch.nn.attention.bias import causal_lower_right

from flash_stand_in import flash_on_the_cpu

CAPACITY, ROWS = 10, [(2, 10), (0, 1), (2, 3)]  # of slots; slot and length of each row


def numbers(*values: int) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int32)


def arguments() -> dict:
    torch.manual_seed(1)
    starts = [slot * CAPACITY for slot, _ in ROWS]
    return {
        "query": torch.randn(3, 4, 16).half(),
        "key": torch.randn(3 * CAPACITY, 2, 16).half(),
        "value": torch.randn(3 * CAPACITY, 2, 16).half(),
        "cum_seq_q": numbers(0, 1, 2, 3),
        "cum_seq_k": numbers(*starts, 0),
        "max_q": 1,
        "max_k": CAPACITY,
        "dropout_p": 0.0,
        "is_causal": False,
        "return_debug_mask": False,
        "scale": 0.3,
        "seqused_k": numbers(*[length for _, length in ROWS]),
    }


def call(told: dict) -> torch.Tensor:
    return torch.ops.aten._flash_attention_forward(**told)[0]


def test_it_is_attention():
    told = arguments()
    with flash_on_the_cpu(torch.float16) as flash:
        found = call(told)
    assert flash.calls == 1
    for row, (slot, length) in enumerate(ROWS):
        k, v = (told[name].view(3, CAPACITY, 2, 16)[slot, :length].transpose(0, 1).float() for name in ("key", "value"))
        q = told["query"][row].unsqueeze(1).float()
        expected = F.scaled_dot_product_attention(q, k, v, scale=0.3, enable_gqa=True).squeeze(1)
        assert torch.allclose(found[row].float(), expected, rtol=1e-3, atol=1e-3)


def test_it_is_attention_of_the_rest_of_a_prompt():
    """As torch's own mask for it, lower right, has it."""
    torch.manual_seed(2)
    q, k, v = torch.randn(1, 3, 4, 16).half(), *torch.randn(2, 1, 8, 2, 16).half()
    with flash_on_the_cpu(torch.float16):
        found = torch.ops.aten._flash_attention_forward(q, k, v, None, None, 3, 8, 0.0, True, False, scale=0.3)[0]
    q, k, v = (part.transpose(1, 2).float() for part in (q, k, v))
    expected = F.scaled_dot_product_attention(q, k, v, attn_mask=causal_lower_right(3, 8), scale=0.3, enable_gqa=True)
    assert torch.allclose(found.transpose(1, 2).float(), expected, rtol=1e-3, atol=1e-3)


WRONG = {
    "no query a row": {"max_q": 0},
    "several queries a row": {"cum_seq_q": torch.arange(0, 8, 2, dtype=torch.int32)},
    "causal": {"is_causal": True},
    "32 bits": {"query": torch.zeros(3, 4, 16)},
    "other values": {"value": torch.zeros(30, 2, 16, dtype=torch.bfloat16)},
    "heads that are no groups": {"query": torch.zeros(3, 3, 16).half()},
    "a head dimension that is no multiple of 8": {
        name: torch.zeros(count, 2, 12).half() for name, count in (("query", 3), ("key", 30), ("value", 30))
    },
    "a head dimension that is too large": {
        name: torch.zeros(count, 2, 264).half() for name, count in (("query", 3), ("key", 30), ("value", 30))
    },
    "strides that are not even": {"query": torch.zeros(3, 4, 17).half()[:, :, :16]},
    "64-bit starts": {"cum_seq_k": torch.tensor([20, 0, 20, 0])},
    "64-bit lengths": {"seqused_k": torch.tensor([10, 1, 3])},
    "one start too few": {"cum_seq_k": numbers(20, 0, 20)},
    "lengths with gaps": {"seqused_k": numbers(10, 0, 1, 0, 3, 0)[::2]},
    "queries elsewhere": {"cum_seq_q": numbers(1, 2, 3, 4)},
    "nothing to see": {"seqused_k": numbers(10, 0, 3)},
    "more than the slot has": {"seqused_k": numbers(10, 11, 3)},
    "a part of the next slot": {"cum_seq_k": numbers(20, 5, 19, 0)},
    "beyond the cache": {"cum_seq_k": numbers(30, 0, 20, 0)},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_it_refuses(wrong):
    with flash_on_the_cpu(torch.float16), pytest.raises(AssertionError):
        call(arguments() | WRONG[wrong])
