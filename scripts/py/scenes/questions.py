"""Drawn scenes with questions: square, wide and tall pictures, words in some, and true answers.

A scene has the groups of draw.py: two of them, or one, or one and opposite
it a word in block letters. Each question has exactly one true answer, which
follows from what was drawn; what could be answered in two ways is not asked.

The same random.Random state always gives the same picture and the same questions.

    python -m scenes.questions --seed 7 --count 20 --out /tmp/scenes
"""

import argparse
import random
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

from scenes import block_letters
from scenes.draw import (
    BACKGROUND_JITTER,
    BACKGROUNDS,
    COLOURS,
    LAYOUTS,
    PLACE_PAIRS,
    PLACES,
    SHAPES,
    SUPERSAMPLE,
    Group,
    article,
    draw_group,
    jittered,
    line_of,
    plural,
)

# The default prompt for frames of a film: everything that varies, in one line of fixed form.
BRIEF_PROMPT = "Write a production brief of this frame in one line: framing, colours, layout, background and text."

SIZES = {  # width, height
    "square": ((192, 192),),
    "wide": ((288, 192), (256, 192)),
    "tall": ((192, 288), (192, 256)),
}
WORDS = ("SALE", "STOP", "OPEN", "EXIT", "PLAY", "FREE", "NEWS", "HOT", "TAXI", "MILK", "COOL", "BUY")
INK = (30, 30, 34)
INK_JITTER = 12

# What a scene holds besides its first group, and how often.
ALONE, SECOND_GROUP, WORD = "alone", "second group", "word"
HOLDINGS = {ALONE: 0.2, SECOND_GROUP: 0.4, WORD: 0.4}

COUNTS = ("zero", "one", "two", "three")
NO_TEXT = "there is no text"

KINDS = ("describe", "brief", "count", "colour", "place", "presence", "text")
DESCRIBE_PROMPTS = ("Describe the picture.", "Describe this image.", "What is in this picture?")
TEXT_PROMPTS = ("What does the text say?", "What text is in the picture?", "Read the text.")
TEXT_PRESENCE_PROMPTS = ("Is there any text?", "Is there text in the picture?")
BACKGROUND_PROMPTS = ("What colour is the background?", "What color is the background?")
# How often presence is asked of the text: so that "yes" is as frequent as "no" there, too.
TEXT_PRESENCE = {True: 0.25, False: 0.25 * HOLDINGS[WORD] / (1 - HOLDINGS[WORD])}
BACKGROUND_ASKED = 0.3
COUNT_OF_ABSENT = 0.15


class Question(NamedTuple):
    kind: str
    prompt: str
    answer: str


class Content(NamedTuple):
    """What a picture shows, as words."""

    framing: str
    background: str
    groups: tuple[Group, ...]
    word: str | None
    word_place: str | None


def alike(content: Content) -> bool:
    """Are there two groups of one shape, so that only the colour tells which one is meant?"""
    return len(content.groups) == 2 and content.groups[0].shape == content.groups[1].shape


class Scene(NamedTuple):
    image: Image.Image
    content: Content


def draw_scene(rng: random.Random, size: tuple[int, int] | None = None, wanted=lambda content: True) -> Scene:
    """Draws one scene, of that width and height if given, and with such content as is wanted;
    all randomness comes from rng."""
    if size is None:
        size = rng.choice(SIZES[rng.choice(tuple(SIZES))])
    content = _random_content(rng, framing_of(size))
    while not wanted(content):
        content = _random_content(rng, framing_of(size))
    large = (size[0] * SUPERSAMPLE, size[1] * SUPERSAMPLE)
    colour = jittered(BACKGROUNDS[content.background], BACKGROUND_JITTER, rng)
    image = Image.new("RGB", large, colour)
    pen = ImageDraw.Draw(image)
    for group in content.groups:
        draw_group(pen, group, large, rng)
    if content.word:
        _draw_word(pen, content, large, rng)
    return Scene(image.reduce(SUPERSAMPLE), content)


def framing_of(size: tuple[int, int]) -> str:
    width, height = size
    return "square" if width == height else "wide" if width > height else "tall"


def _random_content(rng: random.Random, framing: str) -> Content:
    holding = rng.choices(tuple(HOLDINGS), tuple(HOLDINGS.values()))[0]
    background = rng.choice(tuple(BACKGROUNDS))
    places = rng.choice(PLACE_PAIRS)
    taken = places if holding == SECOND_GROUP else (rng.choice(places),)
    colours = rng.sample(tuple(COLOURS), len(taken))
    groups = tuple(
        Group(rng.choice(tuple(LAYOUTS)), colour, rng.choice(SHAPES), place) for colour, place in zip(colours, taken)
    )
    if holding != WORD:
        return Content(framing, background, groups, None, None)
    free = places[1] if taken[0] == places[0] else places[0]
    return Content(framing, background, groups, rng.choice(WORDS), free)


def _draw_word(pen: ImageDraw.ImageDraw, content: Content, size: tuple[int, int], rng: random.Random) -> None:
    width, height = size
    upright = content.word_place in PLACES[:2]
    # Beside a column of shapes there is less than half of the width, under a row nearly all of it.
    share = rng.uniform(0.40, 0.44) if upright else rng.uniform(0.55, 0.75)
    cell = min(share * width / block_letters.cells_wide(content.word), 0.30 * min(size) / block_letters.LETTER_HEIGHT)
    line = line_of(content.word_place)
    across, along = line + rng.uniform(-0.015, 0.015), 0.5 + rng.uniform(-0.08, 0.08)
    x, y = (across, along) if upright else (along, across)
    left = x * width - block_letters.cells_wide(content.word) * cell / 2
    top = y * height - block_letters.LETTER_HEIGHT * cell / 2
    block_letters.write(pen, content.word, left, top, cell, jittered(INK, INK_JITTER, rng))


# The answers.


def describe(content: Content) -> str:
    phrases = [group.phrase() for group in content.groups]
    if content.word:
        phrases.append(f"the word {content.word} {content.word_place}")
    return f"{' and '.join(phrases)} on a {content.background} background"


def brief(content: Content) -> str:
    colours = " and ".join(group.colour for group in content.groups)
    layout = " and ".join(f"{_counted(group)} {group.place}" for group in content.groups)
    return (
        f"framing: {content.framing}; colours: {colours}; layout: {layout}; "
        f"background: {content.background}; text: {content.word or 'none'}"
    )


def _counted(group: Group) -> str:
    return f"{COUNTS[group.count]} {_noun(group.count, group.shape)}"


def _noun(count: int, shape: str) -> str:
    return shape if count == 1 else plural(shape)


# The questions.


def ask(kind: str, content: Content, rng: random.Random) -> Question:
    prompt, answer = _ASKERS[kind](content, rng)
    return Question(kind, prompt, answer)


def ask_all(content: Content, rng: random.Random) -> list[Question]:
    """One question of each kind."""
    return [ask(kind, content, rng) for kind in KINDS]


def _ask_describe(content: Content, rng: random.Random) -> tuple[str, str]:
    return rng.choice(DESCRIBE_PROMPTS), describe(content)


def _ask_brief(content: Content, rng: random.Random) -> tuple[str, str]:
    return BRIEF_PROMPT, brief(content)


def _name(content: Content, group: Group, rng: random.Random) -> str:
    """The group's shape; with its colour if another group has the same shape, or by chance."""
    noun = _noun(group.count, group.shape)
    alike = [other for other in content.groups if other.shape == group.shape]
    return f"{group.colour} {noun}" if len(alike) > 1 or rng.random() < 0.5 else noun


def _ask_count(content: Content, rng: random.Random) -> tuple[str, str]:
    if rng.random() < COUNT_OF_ABSENT:
        name, count = plural(_absent_shape(content, rng)), 0
    else:
        group = rng.choice(content.groups)
        name, count = _name(content, group._replace(count=2), rng), group.count
    return f"How many {name} are there?", COUNTS[count]


def _absent_shape(content: Content, rng: random.Random) -> str:
    return rng.choice([shape for shape in SHAPES if all(shape != group.shape for group in content.groups)])


def _ask_colour(content: Content, rng: random.Random) -> tuple[str, str]:
    shapes = [group.shape for group in content.groups]
    if len(set(shapes)) < len(shapes) or rng.random() < BACKGROUND_ASKED:
        return rng.choice(BACKGROUND_PROMPTS), content.background
    group = rng.choice(content.groups)
    word = rng.choice(("colour", "color"))
    return f"What {word} {_verb(group)} the {_noun(group.count, group.shape)}?", group.colour


def _verb(group: Group) -> str:
    return "is" if group.count == 1 else "are"


def _ask_place(content: Content, rng: random.Random) -> tuple[str, str]:
    group = rng.choice(content.groups)
    return f"Where {_verb(group)} the {_name(content, group, rng)}?", group.place


def _ask_presence(content: Content, rng: random.Random) -> tuple[str, str]:
    if rng.random() < TEXT_PRESENCE[content.word is not None]:
        return rng.choice(TEXT_PRESENCE_PROMPTS), "yes" if content.word else "no"
    truth = rng.random() < 0.5
    group = rng.choice(content.groups)
    colour, shape = (group.colour, group.shape) if truth else _absent_pair(content, group, rng)
    if rng.random() < 0.3 and (truth or all(shape != other.shape for other in content.groups)):
        name = shape  # asked without a colour
    else:
        name = f"{colour} {shape}"
    if group.count == 1:
        return f"Is there {article(name)} {name}?", "yes" if truth else "no"
    return f"Are there {plural(name)}?", "yes" if truth else "no"


def _absent_pair(content: Content, group: Group, rng: random.Random) -> tuple[str, str]:
    """A colour and shape that no group has together: near misses more often than strangers."""
    shown = {(other.colour, other.shape) for other in content.groups}
    others = [other for other in content.groups if other != group]
    colours = [rng.choice(tuple(COLOURS)), group.colour, *(other.colour for other in others)]
    shapes = [rng.choice(SHAPES), group.shape, *(other.shape for other in others)]
    while True:
        pair = rng.choice(colours), rng.choice(shapes)
        if pair not in shown:
            return pair
        colours.append(rng.choice(tuple(COLOURS)))


def _ask_text(content: Content, rng: random.Random) -> tuple[str, str]:
    return rng.choice(TEXT_PROMPTS), content.word or NO_TEXT


_ASKERS = {
    "describe": _ask_describe,
    "brief": _ask_brief,
    "count": _ask_count,
    "colour": _ask_colour,
    "place": _ask_place,
    "presence": _ask_presence,
    "text": _ask_text,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw scenes with their questions and answers.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    args = parser.parse_args()

    args.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(args.seed)
    lines = []
    for number in range(args.count):
        scene = draw_scene(rng)
        file = f"scene-{number:04d}.png"
        scene.image.save(args.out / file)
        lines += [f"{file}\t{q.kind}\t{q.prompt}\t{q.answer}\n" for q in ask_all(scene.content, rng)]
    (args.out / "questions.tsv").write_text("".join(lines))


if __name__ == "__main__":
    main()
