"""Drawn films: one or two coloured shapes that move, one after the other, each film with its one true caption.

"a red circle moves to the right, then a blue square moves up": the caption names what moves, where to, and what comes
first. Both shapes of a film are there from its beginning to its end, so that no single frame tells. They differ in
colour, and never touch.

The same random.Random state always gives the same film.

    python -m scenes.films --seed 7 --count 20 --out /tmp/films
"""

import argparse
import math
import random
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

from scenes.draw import (
    BACKGROUND_JITTER,
    BACKGROUNDS,
    COLOUR_JITTER,
    COLOURS,
    SHAPES,
    SUPERSAMPLE,
    article,
    draw_shape,
    jittered,
)

SIZES = ((160, 96), (160, 120), (128, 128), (120, 160), (96, 160))  # width, height
RATES = (8, 10, 12, 25)  # frames a second
SECONDS = (2.0, 6.0)

DIRECTIONS = {"to the right": (1, 0), "to the left": (-1, 0), "up": (0, -1), "down": (0, 1)}
TWO_MOVE = 0.6  # share of the films

# Fractions of the frame's shorter side, of the side along which a shape moves, and of the film's time.
RADIUS = (0.15, 0.20)
WAY = (0.45, 0.75)
REST = (0.0, 0.12)  # before the first movement and after the last
TURN = (0.42, 0.58)  # when the second shape takes over
PAUSE = (0.0, 0.04)  # on both sides of that
APART = 1.1  # the least distance of two shapes, in the sum of their radii


class Mover(NamedTuple):
    colour: str
    shape: str
    direction: str
    tint: tuple[int, ...]
    radius: float
    start: tuple[float, float]
    end: tuple[float, float]
    begins: float  # seconds
    ends: float

    def phrase(self) -> str:
        return f"{article(self.colour)} {self.colour} {self.shape} moves {self.direction}"

    def place(self, seconds: float) -> tuple[float, float]:
        share = min(1.0, max(0.0, (seconds - self.begins) / (self.ends - self.begins)))
        return tuple(a + share * (b - a) for a, b in zip(self.start, self.end))


class Film(NamedTuple):
    size: tuple[int, int]
    rate: int
    seconds: float
    background: tuple[int, ...]
    movers: tuple[Mover, ...]  # in the order in which they move

    @property
    def caption(self) -> str:
        return ", then ".join(mover.phrase() for mover in self.movers)

    def times(self) -> list[float]:
        return [number / self.rate for number in range(round(self.seconds * self.rate))]

    def frame(self, seconds: float) -> Image.Image:
        image = Image.new("RGB", tuple(side * SUPERSAMPLE for side in self.size), self.background)
        pen = ImageDraw.Draw(image)
        for mover in self.movers:
            x, y = mover.place(seconds)
            scale = SUPERSAMPLE
            draw_shape(pen, mover.shape, x * scale, y * scale, mover.radius * scale, mover.tint)
        return image.reduce(SUPERSAMPLE)


def draw_film(
    rng: random.Random,
    size: tuple[int, int] | None = None,
    rate: int | None = None,
    seconds: tuple[float, float] = SECONDS,
) -> Film:
    """All randomness comes from rng. seconds: the shortest and the longest."""
    size = size or rng.choice(SIZES)
    rate = rate or rng.choice(RATES)
    lasts = rng.uniform(*seconds)
    background = jittered(BACKGROUNDS[rng.choice(tuple(BACKGROUNDS))], BACKGROUND_JITTER, rng)
    spans = _random_spans(rng, lasts)
    colours = rng.sample(tuple(COLOURS), len(spans))
    movers = _random_movers(rng, size, colours, spans)
    while len(movers) == 2 and _touch(*movers):
        movers = _random_movers(rng, size, colours, spans)
    return Film(size, rate, lasts, background, movers)


def _random_spans(rng: random.Random, lasts: float) -> list[tuple[float, float]]:
    """When each shape begins and ends to move."""
    begins, ends = rng.uniform(*REST) * lasts, (1 - rng.uniform(*REST)) * lasts
    if rng.random() >= TWO_MOVE:
        return [(begins, ends)]
    turn = rng.uniform(*TURN)
    return [(begins, (turn - rng.uniform(*PAUSE)) * lasts), ((turn + rng.uniform(*PAUSE)) * lasts, ends)]


def _random_movers(rng: random.Random, size: tuple[int, int], colours, spans) -> tuple[Mover, ...]:
    return tuple(_random_mover(rng, size, colour, span) for colour, span in zip(colours, spans))


def _random_mover(rng: random.Random, size: tuple[int, int], colour: str, span: tuple[float, float]) -> Mover:
    direction, radius = rng.choice(tuple(DIRECTIONS)), rng.uniform(*RADIUS) * min(size)
    start, end = [], []
    for side, step in zip(size, DIRECTIONS[direction]):
        way = min(rng.uniform(*WAY) * side, side - 2 * radius) * abs(step)
        least = rng.uniform(radius, side - radius - way)
        ends = (least, least + way)
        start.append(ends[step < 0])
        end.append(ends[step >= 0])
    tint = jittered(COLOURS[colour], COLOUR_JITTER, rng)
    return Mover(colour, rng.choice(SHAPES), direction, tint, radius, tuple(start), tuple(end), *span)


def _touch(first: Mover, second: Mover) -> bool:
    """The first moves while the second waits at its start; then the first stays at its end."""
    apart = APART * (first.radius + second.radius)
    return min(_distance(second.start, first), _distance(first.end, second)) < apart


def _distance(point: tuple[float, float], mover: Mover) -> float:
    """From a point to the way of a shape, along the axis where it is greater."""
    ways = zip(point, mover.start, mover.end)
    return max(max(min(a, b) - at, at - max(a, b), 0.0) for at, a, b in ways)


def chosen_times(film: Film, rate: float = 2.0) -> list[float]:
    """Of the frames that the program looks at: the first at or after each 1 / rate seconds."""
    count = len(film.times())
    wanted = (math.ceil(number * film.rate / rate) for number in range(math.ceil(film.seconds * rate) + 1))
    return [number / film.rate for number in wanted if number < count]


def main() -> None:
    from media.films import write_film

    parser = argparse.ArgumentParser(description="Draw films with their captions.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True, help="folder for the films")
    args = parser.parse_args()

    args.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(args.seed)
    captions = []
    for number in range(args.count):
        film = draw_film(rng)
        frames = [(seconds, film.frame(seconds)) for seconds in film.times()]
        write_film(args.out / f"film-{number:04d}.mp4", frames, rate=film.rate)
        captions.append(film.caption + "\n")
    (args.out / "captions.txt").write_text("".join(captions))


if __name__ == "__main__":
    main()
