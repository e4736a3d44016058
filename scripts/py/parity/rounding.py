"""Are two computations of the same numbers equal but for rounding, and would rounding decide which number is best?"""

import torch

# Another processor, another batch or another order of a sum rounds differently. How far that moves a result depends on
# the largest number that goes in, however small the result is. In float32 the tiny models' logits are up to 2e-5 of the
# largest away from those in float64; two computations in float32 were never more than 3e-6 apart.
ROUNDING = 3e-5

# In half precision words differ. At the first that does, the reference's own choice must have been close: the distance
# between its two best scores, as a part of the largest. About ten roundings of such numbers.
MARGINS = {"float16": 0.01, "bfloat16": 0.08}


# With weights in 8 bits the program rounds what goes into each layer, too, to 1/32767 of a row's largest number. How
# much larger than float32's roundings what comes of that may be.
COARSER = {"8bit": 100}


def apart(found, expected, largest: float = 0.0) -> float:
    """The largest difference, as a part of the largest number. `largest`: one that went in and may be larger than all
    that came out, such as the logits of log-probabilities."""
    found, expected = (torch.as_tensor(one, dtype=torch.float64) for one in (found, expected))
    assert found.shape == expected.shape
    sizes = expected.abs()
    return float(((found - expected).abs() / sizes.clamp(min=largest or float(sizes.max()))).max())


def margin(scores: torch.Tensor) -> float:
    """Of words: how much the best is better than the second, as a part of the largest number that is one."""
    best = scores.float().topk(2).values
    return float((best[0] - best[1]) / scores[scores.isfinite()].abs().max())


def first_difference(ours: list[int], theirs: list[int]) -> int | None:
    """None when they are equal."""
    if ours == theirs:
        return None
    shorter = min(len(ours), len(theirs))
    return next((i for i in range(shorter) if ours[i] != theirs[i]), shorter)
