"""What a rounding may cost at most, and how the costs must compare. Some random models amplify every rounding, so the
limits are three to ten times the most that was seen of ninety."""

from quality.asked_program import Loss
from quality.measures import Cost

MOST = {"fp32": 1e-4, "fp16": 0.05, "bf16": 0.5, "8bit": 1.0}
MOST_TRAINED = {"fp32": 5e-6, "fp16": 2.5e-3, "bf16": 0.02, "8bit": 0.05}
AGREEMENT_TRAINED, COSINE_TRAINED = 0.95, 0.999

# What 16 and 14 bits of inputs may cost beside 8-bit weights, as a factor; and what 8 bits cost at least where there
# are outliers, or else nothing was planted.
INPUTS_MOST = {"8bit": 1.05, "inputs14": 1.2}
INPUTS8_LEAST, NOTHING_LEFT = 1.2, 0.7  # such an error is enough, whatever the factor

ROUND_OFF = 1e-4  # in nats, and as a part of a vector
APART_MOST = 0.1  # of what rounding costs: how far the program may be from the reference that is rounded as it says


def excesses(costs: dict[str, Cost], trained: bool, outliers: str) -> list[str]:
    """Of one row of the table."""
    most = MOST_TRAINED if trained else MOST if outliers == "none" else {}
    found = [
        f"{way} costs {costs[way].error:.1e}, at most {limit} is allowed"
        for way, limit in most.items()
        if way in costs and costs[way].error > limit
    ]
    for way, one in costs.items() if trained else ():
        if way in most and (one.agreement < AGREEMENT_TRAINED or (one.cosine or 1) < COSINE_TRAINED):
            found.append(f"{way} agrees in {one.agreement:.3f}, its least cosine is {one.cosine}")
    if "weights" not in costs:
        return found
    weights = costs["weights"].error
    for way, factor in INPUTS_MOST.items():
        if costs[way].error > factor * weights:
            found.append(f"{way} costs {costs[way].error:.2e} where its weights alone cost {weights:.2e}")
    if outliers == "quiet" and costs["inputs8"].error < min(INPUTS8_LEAST * weights, NOTHING_LEFT):
        found.append(f"with outliers 8-bit inputs cost only {costs['inputs8'].error:.2e}: are there any?")
    return found


def misroundings(found: dict[str, Loss]) -> list[str]:
    """Where the program does not round as it says."""
    return [
        f"{name}: the program is {loss.apart:.1e} from the reference that is rounded alike and loses {loss.rounded:.1e}"
        for name, loss in found.items()
        if loss.apart > max(ROUND_OFF, APART_MOST * loss.rounded if name != "fp32" else 0)
    ]
