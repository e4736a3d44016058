"""Captions of drawn scenes with one thing changed: nearly right, and wrong."""

import random
import re

from scenes.draw import BACKGROUNDS, COLOURS, LAYOUTS, NUMBERS, PLACE_PAIRS, PLACES, SHAPES, Group

_COUNTS = {"a": 1, "an": 1, **{word: number for number, word in NUMBERS.items()}}
_GROUP = re.compile(rf"(a|an|two|three) ({'|'.join(COLOURS)}) ({'|'.join(SHAPES)})(?:s|es)? ({'|'.join(PLACES)})")
_BACKGROUND = re.compile(rf" on a ({'|'.join(BACKGROUNDS)}) background$")
_VALUES = {"count": tuple(LAYOUTS), "colour": tuple(COLOURS), "shape": SHAPES}


def read(caption: str) -> tuple[list[Group], str]:
    """The groups and the background that a caption tells of."""
    groups = [Group(_COUNTS[count], colour, shape, place) for count, colour, shape, place in _GROUP.findall(caption)]
    return groups, _BACKGROUND.search(caption)[1]


def write(groups: list[Group], background: str) -> str:
    return f"{' and '.join(group.phrase() for group in groups)} on a {background} background"


def changed(caption: str, rng: random.Random) -> str:
    """The caption with another count, colour, shape, place or background, or with two of them exchanged."""
    groups, background = read(caption)
    index = rng.randrange(len(groups))
    field = rng.choice((*_VALUES, "shape", "place", "background"))
    if field == "background":
        return write(groups, _other(tuple(BACKGROUNDS), background, rng))
    if field == "place":
        return write(_moved(groups, rng), background)
    mine = getattr(groups[index], field)
    theirs = getattr(groups[1 - index], field) if len(groups) == 2 else mine
    if mine != theirs and rng.random() < 0.5:
        groups[1 - index] = groups[1 - index]._replace(**{field: mine})
        groups[index] = groups[index]._replace(**{field: theirs})
    else:
        groups[index] = groups[index]._replace(**{field: _other(_VALUES[field], mine, rng)})
    return write(groups, background)


def _moved(groups: list[Group], rng: random.Random) -> list[Group]:
    if len(groups) == 1:
        return [groups[0]._replace(place=_other(PLACES, groups[0].place, rng))]
    places = _other(PLACE_PAIRS, tuple(group.place for group in groups), rng)
    return [group._replace(place=place) for group, place in zip(groups, places)]


def _other(values: tuple, value, rng: random.Random):
    return rng.choice([other for other in values if other != value])
