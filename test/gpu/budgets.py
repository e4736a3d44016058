"""Budgets: what each phase of a family may ask of the card at most, in a file for each family."""

import json
from pathlib import Path

FOLDER = Path(__file__).parent / "budgets"

Phases = dict[str, dict[str, int]]


def read_budget(family: str) -> Phases:
    return json.loads((FOLDER / f"{family}.json").read_text())


def write_budget(family: str, measured: Phases) -> None:
    lines = [f"  {json.dumps(phase)}: {json.dumps(counts)}" for phase, counts in measured.items()]
    (FOLDER / f"{family}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def differences(budget: Phases, measured: Phases) -> tuple[list[str], list[str]]:
    """(what exceeds the budget, what stays below it), a line each with both numbers. A phase that only one of them
    has exceeds it: nobody has said what it may cost."""
    over, under = [], []
    for phase in sorted(budget.keys() ^ measured.keys()):
        over.append(f"{phase}: only {'the budget' if phase in budget else 'the program'} has it")
    for phase in measured.keys() & budget.keys():
        for what, now in measured[phase].items():
            most = budget[phase].get(what, 0)
            line = f"{phase}: {what} {most:,} in the budget, {now:,} now ({now - most:+,})"
            if now != most:
                (over if now > most else under).append(line)
    return sorted(over), sorted(under)
