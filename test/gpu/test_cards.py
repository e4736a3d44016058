"""The real program on cards of every size and architecture that it supports: it opens and captions, or says why not."""

import json
import resource

import pytest

from noop_card import CARDS
from true_bundles import FAMILIES

TOO_LARGE = {("llava-mistral", "16 GB"), ("llava-vicuna", "16 GB"), ("llava-vicuna", "24 GB")}
FITTING = [(family, card) for family in FAMILIES for card in CARDS if (family, card) not in TOO_LARGE]


@pytest.mark.parametrize("family, card", FITTING)
def test_a_picture_comes_through(family, card, bundle_of, picture):
    if family == "clip":
        answer = json.loads(CARDS[card].embed(bundle_of(family), picture).stdout)
        assert len(answer["embedding"]) == 768
        return
    answer = json.loads(CARDS[card].caption(bundle_of(family), picture, "--max_length", 12).stdout)
    assert "error" not in answer
    assert answer["caption"].split() == ["w0"] * 12
    assert answer["model_info"]["device"] == "cuda"


@pytest.mark.parametrize("family, card", sorted(TOO_LARGE))
def test_too_small_a_card_is_said(family, card, bundle_of, picture):
    done = CARDS[card].caption(bundle_of(family), picture)
    assert done.returncode != 0
    assert "out_of_memory" in done.stderr


def test_memory_of_a_card_costs_none_here(bundle_of, picture):
    CARDS["80 GB"].caption(bundle_of("llava-vicuna"), picture)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert largest < 2e9, "the weights are in memory, or what was copied to the card"
