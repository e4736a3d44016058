"""The drawn scenes: same seed, same picture; and the caption tells the truth about it."""

import random
import re
import sys

import pytest

from scenes import draw as scenes

NOUNS = [f"{scenes.article(colour)} {colour} {shape}" for colour in scenes.COLOURS for shape in scenes.SHAPES]
NOUNS += [
    f"{count} {colour} {scenes.plural(shape)}"
    for count in scenes.NUMBERS.values()
    for colour in scenes.COLOURS
    for shape in scenes.SHAPES
]
NOUN = "(" + "|".join(NOUNS) + ")"
BACKGROUND = " on a (" + "|".join(scenes.BACKGROUNDS) + ") background"
ONE_GROUP = re.compile(f"{NOUN} ({'|'.join(scenes.PLACES)}){BACKGROUND}")
TWO_GROUPS = re.compile(
    f"{NOUN} on the left and {NOUN} on the right{BACKGROUND}|{NOUN} at the top and {NOUN} at the bottom{BACKGROUND}"
)

HALVES = {  # left, top, right, bottom
    "on the left": (0.0, 0.0, 0.5, 1.0),
    "on the right": (0.5, 0.0, 1.0, 1.0),
    "at the top": (0.0, 0.0, 1.0, 0.5),
    "at the bottom": (0.0, 0.5, 1.0, 1.0),
}


def draw(count, seed):
    rng = random.Random(seed)
    return [scenes.draw_scene(rng) for _ in range(count)]


def pixels_like(image, colour, half):
    """How many pixels of that half are within the colour's jitter."""
    box = [round(part * scenes.SIZE) for part in HALVES[half]]
    near = scenes.COLOUR_JITTER
    data = image.crop(box).getcolors(scenes.SIZE**2)
    return sum(
        times
        for times, pixel in data
        if all(abs(part - wanted) <= near for part, wanted in zip(pixel, scenes.COLOURS[colour]))
    )


def test_same_seed_same_scenes():
    first, second = draw(20, seed=3), draw(20, seed=3)
    assert [scene.caption for scene in first] == [scene.caption for scene in second]
    assert all(a.image.tobytes() == b.image.tobytes() for a, b in zip(first, second))


def test_other_seed_other_scenes():
    assert [s.caption for s in draw(5, seed=3)] != [s.caption for s in draw(5, seed=4)]


def test_pictures_are_square_rgb():
    for scene in draw(5, seed=0):
        assert (scene.image.mode, scene.image.size) == ("RGB", (scenes.SIZE, scenes.SIZE))


def test_captions_follow_the_grammar():
    for scene in draw(500, seed=1):
        assert ONE_GROUP.fullmatch(scene.caption) or TWO_GROUPS.fullmatch(scene.caption)


def test_articles():
    assert [scenes.article(word) for word in ("orange", "red")] == ["an", "a"]


def test_captions_vary():
    captions = {scene.caption for scene in draw(1000, seed=2)}
    assert len(captions) > 800
    for words in (scenes.COLOURS, scenes.BACKGROUNDS, scenes.NUMBERS.values(), scenes.PLACES):
        assert all(any(word in caption for caption in captions) for word in words)


@pytest.mark.parametrize("seed", range(40))
def test_the_captions_colour_is_in_the_captions_half(seed):
    (scene,) = draw(1, seed)
    colours = "|".join(scenes.COLOURS)
    groups = re.findall(rf"({colours}) \w+ ({'|'.join(HALVES)})", scene.caption)
    assert groups
    for colour, half in groups:
        smallest = 2 * scenes.SIZE  # a star of radius 0.13 covers about four times this
        assert pixels_like(scene.image, colour, half) > smallest


def test_command_line_writes_pictures_and_captions(tmp_path, monkeypatch):
    argv = ["scenes", "--seed", "7", "--count", "3", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", argv)
    scenes.main()
    assert (tmp_path / "captions.txt").read_text().splitlines() == [scene.caption for scene in draw(3, seed=7)]
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [f"scene-{number:04d}.png" for number in range(3)]
