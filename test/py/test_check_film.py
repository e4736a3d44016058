"""scripts/check-film finds what it is there to find."""

import pytest

from media.check_film import Line, Second, verdict

SHOWN = [Second(0, "a cat"), Second(0, "a cat"), Second(1, "a dog")]


def lines(**changes):
    told = {"times": [0, 1, 2], "captions": ["a cat", "a cat", "a dog"], "same_as": [None, 0, None], "mibs": [9] * 3}
    return [Line(*one) for one in zip(*(told | changes).values())]


def test_a_film_that_is_told_right_passes():
    assert verdict(lines(), SHOWN, 0) == []


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"times": [0, 2, 1]}, "out of order"),
        ({"times": [0, 1], "captions": ["a cat"] * 2, "same_as": [None, 0], "mibs": [9] * 2}, "frames are missing"),
        ({"same_as": [None, None, None]}, "3 frames were described, 2 differ"),
        ({"captions": ["a cat", "a cat", "a cow"]}, "only 2 of 3 captions are true"),
        ({"mibs": [9, 9, 99]}, "the memory grows"),
    ],
)
def test_each_mistake_is_named(changes, words):
    assert any(words in one for one in verdict(lines(**changes), SHOWN, 0))


def test_a_program_that_fails_is_named():
    assert verdict(lines(), SHOWN, 1) == ["the program left with 1"]
