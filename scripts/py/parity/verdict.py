"""Is an answer of the program what the reference says?"""

from collections.abc import Callable

from parity.reference import Said
from parity.rounding import ROUNDING, apart

SHAKES = 8  # each falls to either side of a tie


def judge(result: dict, ask: Callable[[int], Said], rounding: float = ROUNDING) -> tuple[bool, str]:
    """(whether it is, what is different). Where two words are equally likely but for rounding, so is what the reference
    says about pixels that were shaken by as much. ask: what it says, for the number of a shake."""
    problem = difference(result, ask(0), rounding)
    if not problem:
        return True, ""
    tie = any(not difference(result, ask(1 + shake), rounding) for shake in range(SHAKES))
    return tie, ("a tie, which rounding decides" if tie else "WRONG") + f": {problem}"


def difference(result: dict, said: Said, rounding: float = ROUNDING) -> str:
    """Empty if there is none."""
    if result.get("tokens") != said.tokens[0]:
        return f"\n  ours   {result.get('tokens', result)}\n  theirs {said.tokens[0]}"
    if not said.scores:
        return ""
    ours = [one["score"] for one in result["captions"]]
    if len(ours) == len(said.scores) and apart(ours, said.scores, said.largest) < rounding:
        return ""
    return f"\n  scores ours   {ours}\n  scores theirs {said.scores}"
