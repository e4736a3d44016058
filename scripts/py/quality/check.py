"""What do narrow weights (PRECISION_MODE) cost? The measure is transformers in float64 with a model's own weights;
beside it, the same with numbers rounded as the program rounds them. Both are given the same pictures, prompts and
answers.

Each column is a way to compute, each cell the error of the scores and the share of positions, in percent, whose best
word is the same. Scores are logits; of CLIP, likenesses of pictures and texts. Their error is the difference's root
mean square as a part of their own, both centred over the words.

  fp32      float32, nothing rounded but by its arithmetic
  fp16, bf16, weights   linear layers' weights and tables of words in 16 bits and, by row, in 8; all else in float64
  8bit      as the program: the same 8-bit weights, and the layers' inputs rounded to 16 bits by row
  inputs14  as few bits as the program has for inputs of 16,512 numbers
  inputs8   what 8-bit inputs would cost; the program has none

Random tiny models of every family are more easily shaken than trained ones, which the demo models are. They have no
outliers; --outliers plants some: behind norms one channel in 64 is 50 times larger than the rest.
  quiet     weights for it are smaller by as much, so that the model is the one it was; the worst for 8-bit weights
  loud      weights for it are of usual size, so that it decides nearly everything

--kinds instead rounds one kind of layer alone, as 8bit does. --program also asks the built program, in the precisions
named: how far its log-probabilities (of CLIP, its vectors) are from the exact ones, and from those rounded alike.

Ends with 1 if something costs more than it ever should, or if the program rounds otherwise.
  scripts/check-quality --family all --seed 1 --outliers all
  scripts/check-quality --family clip --seed 1 --outliers quiet --program fp16 8bit
  scripts/check-quality --family demo-blip2 --seed 1 --count 100 --kinds
"""

import argparse
import json
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import torch

from parity.reference import load_model
from program import ROOT
from quality.asked_program import PRECISIONS, Loss, losses
from quality.layers import KINDS, kind_of, narrow_layers
from quality.lessons import Lesson, draw_demo_lessons, draw_lessons
from quality.limits import excesses, misroundings
from quality.measures import Cost, cost, pooled, scores_of, vectors_of
from quality.outliers import PLANTS, plant
from quality.ways import EXACT, WAYS, Computed, Way
from tiny_models import MAKERS, TRUE_SIZE

FAMILIES = [family for family in MAKERS if family not in TRUE_SIZE]
DEMOS = ["demo-blip2", "demo-llava-next", "demo-qwen3-vl", "demo-clip"]
NONE = "none"


def ways_of(snapshot: Path, by_kind: bool) -> dict[str, Way]:
    if not by_kind:
        return WAYS
    as_program = WAYS["8bit"]
    there = {kind_of(name) for name in narrow_layers(load_model(str(snapshot)))}
    return {kind: Way(as_program.weights, as_program.inputs, kinds=(kind,)) for kind in KINDS if kind in there}


def measure(snapshot: Path, lessons: list[Lesson], ways: dict[str, Way]) -> dict[str, Cost]:
    model = load_model(str(snapshot))
    exact = Computed(model, EXACT)
    scores, vectors = scores_of(lessons, exact), vectors_of(lessons, exact)
    costs = {}
    for name, way in ways.items():
        computed = Computed(model, way)
        costs[name] = cost(scores_of(lessons, computed), scores, (vectors_of(lessons, computed), vectors))
    return costs


class Report:
    """Rows of costs and losses, each of a family with some plant, from one or more models."""

    def __init__(self) -> None:
        self.costs: dict[tuple[str, str], list[dict[str, Cost]]] = {}
        self.losses: dict[tuple[str, str], list[dict[str, Loss]]] = {}

    def pooled(self) -> dict[tuple[str, str], dict[str, Cost]]:
        return {
            row: {way: pooled([one[way] for one in costs]) for way in costs[0]} for row, costs in self.costs.items()
        }

    def print_table(self) -> None:
        rows = self.pooled()
        columns = list(dict.fromkeys(way for costs in rows.values() for way in costs))
        print(f"{'family':17}{'outliers':10}" + "".join(f"{name:>15}" for name in columns))
        for (family, how), costs in rows.items():
            cells = [_cell(costs[way]) if way in costs else "-" for way in columns]
            print(f"{family:17}{how:10}" + "".join(f"{cell:>15}" for cell in cells))
            cosines = {way: costs[way].cosine for way in costs if costs[way].cosine is not None}
            if cosines:
                print("  least cosine   " + ", ".join(f"{way} {cosine:.6f}" for way, cosine in cosines.items()))
        for (family, how), models in self.losses.items():
            for found in models:
                told = [f"{name} {one.program:.1e}/{one.apart:.1e}" for name, one in found.items()]
                print(f"{family:17}{how:10} program, from exact/from rounded: {', '.join(told)}")

    def print_json(self) -> None:
        for (family, how), costs in self.pooled().items():
            row = {"family": family, "outliers": how, "costs": {way: asdict(one) for way, one in costs.items()}}
            asked = self.losses.get((family, how), [])
            print(json.dumps(row | {"program": [{name: asdict(one) for name, one in each.items()} for each in asked]}))

    def problems(self) -> list[str]:
        found = [
            f"{family}, outliers {how}: {problem}"
            for (family, how), costs in self.pooled().items()
            for problem in excesses(costs, family in DEMOS, how)
        ]
        if self.losses and not any(each for models in self.losses.values() for each in models):
            found.append("the program said nothing that could be compared")
        return found + [
            f"{family}, outliers {how}: {problem}"
            for (family, how), models in self.losses.items()
            for each in models
            for problem in misroundings(each)
        ]


def _cell(one: Cost) -> str:
    return f"{one.error:.1e} {100 * one.agreement:.1f}"


def check_random(report: Report, family: str, seed: int, arguments: argparse.Namespace) -> None:
    """One random model, without outliers and with each plant that was asked for."""
    with tempfile.TemporaryDirectory(prefix=f"{family}-{seed}-") as made:
        folder = Path(made)
        snapshot = folder / NONE
        MAKERS[family](snapshot, seed)
        lessons = draw_lessons(random.Random(seed), snapshot, arguments.count)
        for how in {"all": [NONE, *PLANTS]}.get(arguments.outliers, [NONE, arguments.outliers]):
            if how != NONE:
                plant(snapshot, folder / how, how, random.Random(seed), lessons[0].scores)
            ways = ways_of(folder / how, arguments.kinds)
            report.costs.setdefault((family, how), []).append(measure(folder / how, lessons, ways))
            if arguments.program:
                found = losses(random.Random(seed), folder / how, arguments.count, arguments.program)
                report.losses.setdefault((family, how), []).append(found)


def check_demo(report: Report, name: str, seed: int, arguments: argparse.Namespace) -> None:
    snapshot = ROOT / "models" / name
    lessons = draw_demo_lessons(random.Random(seed), snapshot, arguments.count)
    report.costs[name, NONE] = [measure(snapshot, lessons, ways_of(snapshot, arguments.kinds))]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/check-quality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", choices=[*FAMILIES, *DEMOS, "all"], required=True, help="all: the demo models, too")
    parser.add_argument("--seed", type=int, required=True, help="models, pictures and words: any number")
    parser.add_argument("--models", type=int, default=1, help="random models a family (default: %(default)s)")
    parser.add_argument("--count", type=int, default=8, help="pictures a model (default: %(default)s)")
    parser.add_argument("--outliers", choices=[NONE, *PLANTS, "all"], default=NONE)
    parser.add_argument("--kinds", action="store_true", help="one kind of layer at a time")
    parser.add_argument("--program", nargs="+", choices=PRECISIONS, default=[], help="ask the built program, too")
    parser.add_argument("--json", action="store_true", help="one line of JSON a row instead of the table")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    report = Report()
    for family in [*FAMILIES, *DEMOS] if arguments.family == "all" else [arguments.family]:
        for number in range(1 if family in DEMOS else arguments.models):
            print(f"{family}, model {number + 1}", file=sys.stderr, flush=True)
            check = check_demo if family in DEMOS else check_random
            check(report, family, arguments.seed * 1000 + number, arguments)
    (report.print_json if arguments.json else report.print_table)()
    problems = report.problems()
    for problem in problems:
        print(problem, file=sys.stderr)
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
