"""Drawn scenes: small pictures of coloured shapes, each with its one true caption.

A scene has one or two groups. A group is one to three equal shapes of one
colour in one place ("three pink stars at the top"); two groups are always
left + right or top + bottom. The caption names everything that varies except
the jitter, so "the right caption" is well defined and can be checked exactly.

The same random.Random state always gives the same picture.

    python -m scenes.draw --seed 7 --count 20 --out /tmp/scenes
"""

import argparse
import math
import random
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

SIZE = 192
# Shapes are drawn twice as large and averaged down, for smooth edges.
SUPERSAMPLE = 2

COLOURS = {
    "red": (214, 40, 40),
    "green": (34, 148, 70),
    "blue": (38, 84, 214),
    "yellow": (250, 222, 45),
    "orange": (244, 130, 25),
    "purple": (118, 50, 168),
    "black": (22, 22, 26),
    "pink": (255, 112, 182),
}
# Backgrounds are pale, so that all eight colours stand out on all of them.
BACKGROUNDS = {
    "white": (247, 247, 247),
    "gray": (168, 170, 174),
    "tan": (208, 174, 130),
    "cyan": (142, 222, 230),
}
SHAPES = ("circle", "square", "triangle", "star", "cross")
NUMBERS = {2: "two", 3: "three"}  # one is an article
PLACES = ("on the left", "on the right", "at the top", "at the bottom")
PLACE_PAIRS = (PLACES[:2], PLACES[2:])

# Lengths below are fractions of the picture's sides, radii of the shorter one.
NEAR, FAR = 0.26, 0.74  # centre line of the left/top and of the right/bottom place
JITTER_ACROSS = 0.03


class Layout(NamedTuple):
    """Where the shapes of a group sit along their centre line, and how large they are."""

    cells: tuple[float, ...]
    jitter: float
    radius: tuple[float, float]


# Spread evenly about the middle, so that a lone shape on the left is never
# mistaken for one at the top, and neighbours never touch.
LAYOUTS = {
    1: Layout((0.5,), 0.10, (0.15, 0.20)),
    2: Layout((0.3, 0.7), 0.03, (0.14, 0.16)),
    3: Layout((0.17, 0.5, 0.83), 0.015, (0.13, 0.15)),
}

COLOUR_JITTER = 12
BACKGROUND_JITTER = 7


class Scene(NamedTuple):
    image: Image.Image
    caption: str


class Group(NamedTuple):
    count: int
    colour: str
    shape: str
    place: str

    def phrase(self) -> str:
        if self.count == 1:
            return f"{article(self.colour)} {self.colour} {self.shape} {self.place}"
        return f"{NUMBERS[self.count]} {self.colour} {plural(self.shape)} {self.place}"


def article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def plural(shape: str) -> str:
    return shape + ("es" if shape.endswith("s") else "s")


def draw_scene(rng: random.Random, size: tuple[int, int] = (SIZE, SIZE)) -> Scene:
    """Draws one scene of that width and height; all randomness comes from rng."""
    background = rng.choice(tuple(BACKGROUNDS))
    groups = _random_groups(rng)

    large = (size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE)
    colour = jittered(BACKGROUNDS[background], BACKGROUND_JITTER, rng)
    image = Image.new("RGB", large, colour)
    pen = ImageDraw.Draw(image)
    for group in groups:
        draw_group(pen, group, large, rng)

    phrases = " and ".join(group.phrase() for group in groups)
    caption = f"{phrases} on a {background} background"
    return Scene(image.reduce(SUPERSAMPLE), caption)


def _random_groups(rng: random.Random) -> list[Group]:
    places = (rng.choice(PLACES),) if rng.random() < 0.5 else rng.choice(PLACE_PAIRS)
    # Different colours: otherwise 2 + 2 equal shapes could be read as rows or as columns.
    colours = rng.sample(tuple(COLOURS), len(places))
    return [
        Group(rng.choice(tuple(LAYOUTS)), colour, rng.choice(SHAPES), place) for colour, place in zip(colours, places)
    ]


def jittered(colour: tuple[int, int, int], amount: int, rng: random.Random) -> tuple[int, ...]:
    return tuple(min(255, max(0, part + rng.randint(-amount, amount))) for part in colour)


def draw_group(pen: ImageDraw.ImageDraw, group: Group, size: tuple[int, int], rng: random.Random) -> None:
    layout = LAYOUTS[group.count]
    colour = jittered(COLOURS[group.colour], COLOUR_JITTER, rng)
    radius = rng.uniform(*layout.radius) * min(size)
    line = line_of(group.place)
    upright = group.place in PLACES[:2]
    for cell in layout.cells:
        across = line + rng.uniform(-JITTER_ACROSS, JITTER_ACROSS)
        along = cell + rng.uniform(-layout.jitter, layout.jitter)
        x, y = (across, along) if upright else (along, across)
        draw_shape(pen, group.shape, x * size[0], y * size[1], radius, colour)


def line_of(place: str) -> float:
    return NEAR if place in (PLACES[0], PLACES[2]) else FAR


def draw_shape(pen, shape: str, x: float, y: float, r: float, colour) -> None:
    if shape == "circle":
        pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    elif shape == "square":
        half = 0.92 * r
        pen.rectangle((x - half, y - half, x + half, y + half), fill=colour)
    elif shape == "triangle":
        pen.polygon([(x, y - r), (x - r, y + 0.85 * r), (x + r, y + 0.85 * r)], fill=colour)
    elif shape == "star":
        pen.polygon(_star_points(x, y, r), fill=colour)
    else:
        arm = 0.28 * r
        pen.rectangle((x - arm, y - r, x + arm, y + r), fill=colour)
        pen.rectangle((x - r, y - arm, x + r, y + arm), fill=colour)


def _star_points(x: float, y: float, r: float) -> list[tuple[float, float]]:
    points = []
    for corner in range(10):
        reach = r if corner % 2 == 0 else 0.42 * r
        angle = corner * math.pi / 5
        points.append((x + reach * math.sin(angle), y - reach * math.cos(angle)))
    return points


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw scenes with their captions.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    args = parser.parse_args()

    args.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(args.seed)
    captions = []
    for number in range(args.count):
        scene = draw_scene(rng)
        scene.image.save(args.out / f"scene-{number:04d}.png")
        captions.append(scene.caption + "\n")
    (args.out / "captions.txt").write_text("".join(captions))


if __name__ == "__main__":
    main()
