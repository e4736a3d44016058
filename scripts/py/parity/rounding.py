"""Are two computations of the same numbers equal but for rounding?"""

import torch

# Another processor, another batch or another order of a sum rounds differently. How far that moves a result depends on
# the largest number that goes in, however small the result is. In float32 the tiny models' logits are up to 2e-5 of the
# largest away from those in float64; two computations in float32 were never more than 3e-6 apart.
ROUNDING = 3e-5


def apart(found, expected, largest: float = 0.0) -> float:
    """The largest difference, as a part of the largest number. `largest`: one that went in and may be larger than all
    that came out, such as the logits of log-probabilities."""
    found, expected = (torch.as_tensor(one, dtype=torch.float64) for one in (found, expected))
    assert found.shape == expected.shape
    sizes = expected.abs()
    return float(((found - expected).abs() / sizes.clamp(min=largest or float(sizes.max()))).max())
