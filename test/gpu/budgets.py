"""Budgets: what each phase of a family may ask of the card at most, in a file for each family."""

import json
from pathlib import Path

from program import ROOT

FOLDER = Path(__file__).parent / "budgets"
NOTES = ROOT / "docs/gpu-notes.md"  # has the table of all budgets

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


def summary() -> list[str]:
    """The table in docs/gpu-notes.md: what a picture and a word cost in each family."""

    def cell(phases, name):
        counts = phases.get(name)
        return f"{counts['calls']:,} / {counts['waits']} / {counts['copies']}" if counts else "-"

    lines = [
        "| family | start: copied, peak | one picture | a step of 1 | of 16 | of 1 with 3 beams | of 13, as a graph |",
        "|---|---|---|---|---|---|---|",
    ]
    for family in sorted(file.stem for file in FOLDER.glob("*.json")):
        phases = read_budget(family)
        start = " GB, ".join(f"{phases['start'][what] / 1e9:.1f}" for what in ("copied_bytes", "peak_bytes")) + " GB"
        picture = "admission of 1" if "admission of 1" in phases else "pictures, 1"
        steps = ("step of 1, greedy", "step of 16, greedy", "step of 1, 3 beams", "replayed step of 13, greedy")
        cells = [family, start, *(cell(phases, name) for name in (picture, *steps))]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def write_summary() -> None:
    lines, table = NOTES.read_text().splitlines(), summary()
    start = lines.index(table[0])
    end = next(place for place in range(start, len(lines)) if not lines[place].startswith("|"))
    NOTES.write_text("\n".join([*lines[:start], *table, *lines[end:]]) + "\n")
