"""Draws fresh scenes, has a demo model answer about them and counts the answers that are exactly true.

demo-blip2 says what a scene shows, demo-llava-next answers questions of all kinds, demo-qwen3-vl says what wide, tall
and square scenes show and what happens in films (one for every two scenes), demo-clip finds each scene's caption among
100, and each caption's scene; its vectors come from transformers.

With --precision the same is asked twice, with the bundle's weights and with weights in that precision. With these no
caption may be empty, at most one answer in a hundred fewer may be right, and vectors must point the same way.
"""

import argparse
import collections
import random
import sys
from functools import partial
from typing import NamedTuple

from parity.rounded import PRECISIONS
from scenes import draw, films, questions
from scenes.answerers import (
    Asked,
    program_answers,
    program_likeness,
    program_vectors,
    reference_answers,
    reference_likeness,
)
from scenes.evaluate_clip import CHOICES, draw_different, first

# The share of each kind that must be right. Films are the hardest: two shapes, two directions and their order.
AT_LEAST = collections.defaultdict(lambda: 0.95, film=0.90)
LOST_MOST, COSINE_LEAST = 0.01, 0.999  # with a precision, beside the bundle's own
SHORTER_SIDE, RATIO_MAX = (96, 240), 2.0  # of a scene for demo-qwen3-vl


class Result(NamedTuple):
    """One answer: of which kind, whether it is right, and what to print if it is not."""

    kind: str
    right: bool
    said: str
    meant: str
    empty: bool = False


def draw_captions(rng: random.Random, count: int) -> list[Asked]:
    drawn = [draw.draw_scene(rng) for _ in range(count)]
    return [Asked(scene.image, "caption", None, scene.caption) for scene in drawn]


def draw_questions(rng: random.Random, count: int) -> list[Asked]:
    """One question about each scene; the kinds take turns."""
    asked = []
    for number in range(count):
        scene = questions.draw_scene(rng)
        kind = questions.KINDS[number % len(questions.KINDS)]
        asked.append(Asked(scene.image, *questions.ask(kind, scene.content, rng)))
    return asked


def draw_scenes_and_films(rng: random.Random, count: int) -> list[Asked]:
    scenes = [draw.draw_scene(rng, _any_size(rng)) for _ in range(count)]
    drawn = [films.draw_film(rng) for _ in range(count // 2)]
    return [Asked(scene.image, "scene", None, scene.caption) for scene in scenes] + [
        Asked(film, "film", None, film.caption) for film in drawn
    ]


def _any_size(rng: random.Random) -> tuple[int, int]:
    """Width and height: a third each is wide, tall and square."""
    shorter = rng.randint(*SHORTER_SIDE)
    longer = round(shorter * RATIO_MAX ** rng.random())
    return rng.choice(((longer, shorter), (shorter, longer), (shorter, shorter)))


DRAWERS = {"demo-blip2": draw_captions, "demo-llava-next": draw_questions, "demo-qwen3-vl": draw_scenes_and_films}


def answer(asked: list[Asked], answers: list[str]) -> list[Result]:
    return [
        Result(one.kind, said == one.answer, f"{one.prompt or 'caption'}: said {said!r}", one.answer, not said)
        for one, said in zip(asked, answers, strict=True)
    ]


def find(model: str, likeness, rng: random.Random, count: int) -> list[Result]:
    results = []
    for _ in range(-(-count // CHOICES)):
        drawn = draw_different(rng)
        captions = [scene.caption for scene in drawn]
        alike = likeness(model, drawn)
        for kind, chosen in (("scene of a text", first(alike.T)), ("text of a scene", first(alike))):
            results += [
                Result(kind, choice == own, f"{kind}: chose {captions[choice]!r}", captions[own])
                for own, choice in enumerate(chosen)
            ]
    return results


def examine(arguments: argparse.Namespace, precision: str | None = None) -> list[Result]:
    rng = random.Random(arguments.seed)
    if arguments.model == "demo-clip":
        likeness = reference_likeness if arguments.reference else partial(program_likeness, precision=precision)
        return find(arguments.model, likeness, rng, arguments.count)
    asked = DRAWERS[arguments.model](rng, arguments.count)
    answers = reference_answers if arguments.reference else partial(program_answers, precision=precision)
    return answer(asked, answers(arguments.model, asked))


def report(results: list[Result], at_least: float | None) -> bool:
    """Prints what is wrong, and how much is right of each kind and in all; says whether that is enough."""
    for result in results:
        if not result.right:
            print(f"{result.said}, shows {result.meant!r}")
    total = collections.Counter(result.kind for result in results)
    right = collections.Counter(result.kind for result in results if result.right)
    for kind in total if len(total) > 1 else ():
        print(f"{kind} {right[kind]}/{total[kind]}")
    print(f"exact {right.total()}/{total.total()}")
    return all(right[kind] >= (at_least or AT_LEAST[kind]) * total[kind] for kind in total)


def keeps_up(arguments: argparse.Namespace, narrow: list[Result]) -> bool:
    """Prints how the same goes with the bundle's weights; says whether the narrow ones lose next to nothing."""
    right, usual = (sum(one.right for one in results) for results in (narrow, examine(arguments)))
    empty = sum(one.empty for one in narrow)
    print(f"with the bundle's weights exact {usual}/{len(narrow)}; empty with {arguments.precision}: {empty}")
    fine = not empty and right >= usual - max(1, LOST_MOST * len(narrow))  # of a few, one may be chance
    if arguments.model != "demo-clip":
        return fine
    drawn = draw_different(random.Random(arguments.seed))
    vectors = (program_vectors(arguments.model, drawn, one) for one in (None, arguments.precision))
    least = float((next(vectors) * next(vectors)).sum(1).min())
    print(f"least cosine of {2 * len(drawn)} vectors {least:.6f}")
    return fine and least >= COSINE_LEAST


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/check-scenes", description=__doc__)
    parser.add_argument("--seed", type=int, required=True, help="the scenes to draw: any number, each gives others")
    parser.add_argument("--count", type=int, default=1000, help="scenes (default: %(default)s)")
    parser.add_argument("--model", choices=(*DRAWERS, "demo-clip"), default="demo-blip2")
    parser.add_argument(
        "--at-least", type=float, help="share of each kind that must be right (default: 0.95, of films 0.90)"
    )
    parser.add_argument("--reference", action="store_true", help="ask transformers instead of the program")
    parser.add_argument("--precision", choices=PRECISIONS, help="of the weights, beside the bundle's own")
    arguments = parser.parse_args()
    if arguments.reference and arguments.precision:
        parser.error("--precision is the program's; leave out --reference")
    results = examine(arguments, arguments.precision)
    enough = report(results, arguments.at_least)
    if arguments.precision:  # judged beside the bundle's weights, whose own share is another run's matter
        enough = keeps_up(arguments, results) and (enough or arguments.at_least is None)
    return not enough


if __name__ == "__main__":
    sys.exit(main())
