"""A machine with two cards: the one that is named, or the one with the most free memory, and no other."""

import json

import pytest

from noop_card import Card
from program import PROGRAM

TWO = Card(cards=2)
FIRST_IS_BUSY = Card(cards=2, taken_mib=81000)


def run(card, bundle, picture, device):
    words = [PROGRAM, "caption", "--json", "--model", bundle, "--max_length", 6, "--device", device, picture]
    return card.run(words)


@pytest.mark.parametrize(
    "card, asked, used",
    [
        (TWO, "cuda:0", "cuda"),
        (TWO, "cuda:1", "cuda:1"),
        (TWO, "auto", "cuda"),
        (FIRST_IS_BUSY, "cuda", "cuda:1"),
        (FIRST_IS_BUSY, "auto", "cuda:1"),
        (FIRST_IS_BUSY, "cuda:1", "cuda:1"),
    ],
)
def test_a_picture_comes_through(card, asked, used, bundle_of, picture):
    done = run(card, bundle_of("blip"), picture, asked)
    assert json.loads(done.stdout)["model_info"]["device"] == used, done.stderr
    assert ("most free memory" in done.stderr) == (":" not in asked)


def test_a_full_card_that_is_named_is_not_exchanged(bundle_of, picture):
    done = run(FIRST_IS_BUSY, bundle_of("blip"), picture, "cuda:0")
    assert done.returncode == 1 and "out_of_memory" in done.stderr


def test_a_card_that_is_not_there_is_named(bundle_of, picture):
    done = run(TWO, bundle_of("blip"), picture, "cuda:2")
    assert done.returncode == 1 and "there is no GPU 2 among the 2 of this machine" in done.stderr


def test_the_doctor_looks_at_the_card_that_would_be_used(bundle_of):
    words = [PROGRAM, "doctor", "--model", bundle_of("blip"), "--device"]
    assert FIRST_IS_BUSY.run([*words, "cuda"]).returncode == 0
    busy = FIRST_IS_BUSY.run([*words, "cuda:0"])
    assert busy.returncode == 1 and "stop other programs on this GPU" in busy.stdout + busy.stderr
