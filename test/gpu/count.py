"""Counts what each family asks of a GPU, on the no-op CUDA runtime: a table, and with --write new budgets."""

import argparse
import tempfile
from pathlib import Path

from budgets import write_budget, write_summary
from noop_card import BUDGET_CARD
from true_bundles import FAMILIES, make_true_bundle

COLUMNS = ("calls", "products", "waits", "copies", "copied_bytes", "peak_bytes")


def print_phases(family: str, phases) -> None:
    print(f"\n| {family} | {' | '.join(COLUMNS)} |\n|{'---|' * (1 + len(COLUMNS))}")
    for phase, counts in phases.items():
        print(f"| {phase} | {' | '.join(f'{counts[column]:,}' for column in COLUMNS)} |")


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/count-gpu", description=__doc__)
    parser.add_argument("families", metavar="FAMILY", nargs="*", help=f"of {', '.join(FAMILIES)}; all by default")
    parser.add_argument(
        "--write", action="store_true", help="make the numbers the new budgets, in docs/gpu-notes.md too"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.families) - set(FAMILIES):
        parser.error(f"there is no family {unknown.pop()}; the families are: {', '.join(FAMILIES)}")
    with tempfile.TemporaryDirectory() as folder:
        for family in arguments.families or FAMILIES:
            phases = BUDGET_CARD.count_all(make_true_bundle(family, Path(folder)))
            print_phases(family, phases)
            if arguments.write:
                write_budget(family, phases)
    if arguments.write:
        write_summary()


if __name__ == "__main__":
    main()
