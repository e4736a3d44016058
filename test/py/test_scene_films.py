"""The drawn films: same seed, same film; and the caption tells the truth about it."""

import random
import re

import numpy as np
import pytest

from scenes import draw as scenes
from scenes import films

NOUN = f"an? (?:{'|'.join(scenes.COLOURS)}) (?:{'|'.join(scenes.SHAPES)})"
MOVES = f"{NOUN} moves (?:{'|'.join(films.DIRECTIONS)})"


def draw(count, seed):
    rng = random.Random(seed)
    return [films.draw_film(rng) for _ in range(count)]


def centre(film, colour, seconds):
    """Of the pixels of that colour; nothing if there are none."""
    far = np.abs(np.asarray(film.frame(seconds)).astype(int) - np.array(scenes.COLOURS[colour])).max(axis=2)
    rows, columns = np.nonzero(far <= scenes.COLOUR_JITTER)
    return np.array([columns.mean(), rows.mean()])


def test_same_seed_same_films():
    first, second = draw(10, seed=3), draw(10, seed=3)
    assert first == second != draw(10, seed=4)
    assert all(a.frame(1.0).tobytes() == b.frame(1.0).tobytes() for a, b in zip(first, second))


def test_captions_follow_the_grammar_and_vary():
    captions = [film.caption for film in draw(500, seed=1)]
    assert all(re.fullmatch(f"{MOVES}(?:, then {MOVES})?", caption) for caption in captions)
    assert len(set(captions)) > 400
    for words in (scenes.COLOURS, scenes.SHAPES, films.DIRECTIONS):
        assert all(any(word in caption for caption in captions) for word in words)


@pytest.mark.parametrize("seed", range(20))
def test_each_shape_moves_as_the_caption_says_and_only_in_its_turn(seed):
    (film,) = draw(1, seed)
    phrases = re.findall(rf"an? (\w+) \w+ moves ({'|'.join(films.DIRECTIONS)})", film.caption)
    turn = film.movers[0].ends  # of two
    for number, (colour, direction) in enumerate(phrases):
        own, other = ((0, turn), (turn, film.seconds)) if number == 0 else ((turn, film.seconds), (0, turn))
        if len(phrases) == 1:
            own, other = (0, film.seconds), (turn, film.seconds)
        way = centre(film, colour, own[1]) - centre(film, colour, own[0])
        least = films.WAY[0] * min(film.size) - 2
        assert way @ np.array(films.DIRECTIONS[direction]) > least
        assert np.abs(way[np.array(films.DIRECTIONS[direction]) == 0]).max() < 1
        assert np.abs(centre(film, colour, other[1]) - centre(film, colour, other[0])).max() < 1


def test_shapes_stay_within_the_frame_and_apart():
    for film in draw(200, seed=5):
        for seconds in np.linspace(0, film.seconds, 9):
            places = [np.array(mover.place(seconds)) for mover in film.movers]
            for mover, place in zip(film.movers, places):
                assert (place >= mover.radius - 1e-6).all()
                assert (place <= np.array(film.size) - mover.radius + 1e-6).all()
            if len(places) == 2:
                assert np.abs(places[0] - places[1]).max() > film.movers[0].radius + film.movers[1].radius


def test_the_frames_that_the_program_looks_at():
    (film,) = draw(1, seed=6)
    assert films.chosen_times(film._replace(rate=10, seconds=2.0)) == [0, 0.5, 1, 1.5]
    assert films.chosen_times(film._replace(rate=25, seconds=2.04)) == [0, 0.52, 1, 1.52, 2]
