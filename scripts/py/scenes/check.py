"""Draws fresh scenes, has a demo model answer about them and counts the answers that are exactly true.

demo-blip2 says what a scene shows, demo-llava-next answers questions of all kinds, demo-qwen3-vl says what wide, tall
and square scenes show and what happens in films (one for every two scenes), demo-clip finds each scene's caption among
100, and each caption's scene; its vectors come from transformers.
"""

import argparse
import collections
import random
import sys
from typing import NamedTuple

from scenes import draw, films, questions
from scenes.answerers import Asked, program_answers, program_likeness, reference_answers, reference_likeness
from scenes.evaluate_clip import CHOICES, draw_different, first

# The share of each kind that must be right. Films are the hardest: two shapes, two directions and their order.
AT_LEAST = collections.defaultdict(lambda: 0.95, film=0.90)
SHORTER_SIDE, RATIO_MAX = (96, 240), 2.0  # of a scene for demo-qwen3-vl


class Result(NamedTuple):
    """One answer: of which kind, whether it is right, and what to print if it is not."""

    kind: str
    right: bool
    said: str
    meant: str


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
        Result(one.kind, said == one.answer, f"{one.prompt or 'caption'}: said {said!r}", one.answer)
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


def examine(arguments: argparse.Namespace) -> list[Result]:
    rng = random.Random(arguments.seed)
    if arguments.model == "demo-clip":
        likeness = reference_likeness if arguments.reference else program_likeness
        return find(arguments.model, likeness, rng, arguments.count)
    asked = DRAWERS[arguments.model](rng, arguments.count)
    answers = (reference_answers if arguments.reference else program_answers)(arguments.model, asked)
    return answer(asked, answers)


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


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/check-scenes", description=__doc__)
    parser.add_argument("--seed", type=int, required=True, help="the scenes to draw: any number, each gives others")
    parser.add_argument("--count", type=int, default=1000, help="scenes (default: %(default)s)")
    parser.add_argument("--model", choices=(*DRAWERS, "demo-clip"), default="demo-blip2")
    parser.add_argument(
        "--at-least", type=float, help="share of each kind that must be right (default: 0.95, of films 0.90)"
    )
    parser.add_argument("--reference", action="store_true", help="ask transformers instead of the program")
    return not report(examine(arguments := parser.parse_args()), arguments.at_least)


if __name__ == "__main__":
    sys.exit(main())
