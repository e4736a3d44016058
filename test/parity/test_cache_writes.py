"""Keys and values go to the same places, whether their caches lie side by side in one storage or apart."""

import pytest
import torch

from export.parts.blocks import side_by_side, write_prompts, write_step

SLOTS, POSITIONS, HEADS, WIDTH = 5, 7, 3, 4
SHAPE = (SLOTS, POSITIONS, HEADS, WIDTH)


@pytest.fixture(params=["side by side", "apart"])
def caches(request):
    """One layer of each, the second of three."""
    if request.param == "apart":
        keys, values = torch.zeros(3, *SHAPE)[1], torch.zeros(3, *SHAPE)[1]
    else:
        keys, values = torch.zeros(3, 2, *SHAPE)[1]
    assert (side_by_side(keys, values) is None) == (request.param == "apart")
    return keys, values


def test_a_step(caches):
    keys, values = caches
    slots, positions, new = torch.tensor([4, 0, 2]), torch.tensor([6, 3, 0]), torch.randn(3, 2 * HEADS, WIDTH)
    write_step(keys, values, slots * POSITIONS + positions, new)
    for cache, part in ((keys, new[:, :HEADS]), (values, new[:, HEADS:])):
        assert torch.equal(cache[slots, positions], part)
        assert cache.count_nonzero() == part.count_nonzero()


def test_prompts(caches):
    keys, values = caches
    slots, first, new = torch.tensor([3, 1]), 2, torch.randn(2, 4, 2 * HEADS, WIDTH)
    write_prompts(keys, values, slots, first, new)
    for cache, part in ((keys, new[:, :, :HEADS]), (values, new[:, :, HEADS:])):
        assert torch.equal(cache[slots, first : first + 4], part)
        assert cache.count_nonzero() == part.count_nonzero()
