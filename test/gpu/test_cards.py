"""The real program on cards of every size and architecture that it supports: it opens and captions, or says why not."""

import json
import resource

import pytest

from noop_card import CARDS, TURING
from true_bundles import FAMILIES, ONLY_OPENED

TOO_LARGE = {
    (family, "16 GB") for family in ("llava-vicuna", "llava-video", "video_llava", "qwen2_5_vl-7b", "qwen3_vl-8b")
}
SIZES = [card for card in CARDS if card.endswith("GB")]
FITTING = [(family, card) for family in FAMILIES for card in SIZES if (family, card) not in TOO_LARGE]
# Which architecture it is, nothing in the program asks but before the start: so not with each family.
FITTING += [(family, card) for family in ("blip", "qwen3_vl-4b") for card in CARDS if card not in SIZES]
FITTING += [(family, card) for family in ONLY_OPENED for card in ("24 GB", "80 GB")]


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
    assert "of the GPU" in done.stderr and "use a larger GPU" in done.stderr


def test_a_small_card_has_fewer_beams_and_says_so(bundle_of, picture):
    done = CARDS["24 GB"].caption(bundle_of("llava-vicuna"), picture, "--num_beams", 5, "--max_length", 12)
    answer = json.loads(done.stdout)
    assert answer["model_info"]["num_beams"] == 3
    assert "has 3 slots: jobs that ask for more beams get as many" in done.stderr


@pytest.mark.parametrize("card, family, fits", [("24 GB", "llava-vicuna", True), ("16 GB", "llava-vicuna", False)])
def test_the_doctor_knows_what_fits(card, family, fits, bundle_of):
    done = CARDS[card].doctor(bundle_of(family))
    assert ("FAILED  gpu_memory" not in done.stdout) == fits, done.stdout


def test_the_doctor_refuses_a_card_without_flash_attention(bundle_of):
    done = TURING.doctor(bundle_of("blip"))
    assert done.returncode != 0
    assert "has compute capability 7.5 and at least 8.0 is needed" in done.stdout


def test_memory_of_a_card_costs_none_here(bundle_of, picture):
    CARDS["80 GB"].caption(bundle_of("llava-vicuna"), picture)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert largest < 2e9, "the weights are in memory, or what was copied to the card"


@pytest.mark.parametrize("precision, dtype", [("fp16", "float16"), ("bf16", "bfloat16"), ("fp32", "float32")])
def test_all_is_computed_in_the_precision_asked_for(precision, dtype, bundle_of, picture):
    done = CARDS["80 GB"].caption(bundle_of("blip"), picture, "--max_length", 12, "--precision", precision)
    info = json.loads(done.stdout)["model_info"]
    assert (info["dtype"], info["weights"]) == (dtype, dtype)


@pytest.mark.parametrize("precision", ["8bit", "fp8"])
def test_a_precision_that_is_not_there_yet_is_refused(precision, bundle_of, picture):
    done = CARDS["80 GB"].caption(bundle_of("blip"), picture, "--precision", precision)
    assert done.returncode != 0
    assert f"the precision {precision} does not run on a GPU yet; use fp16, bf16 or fp32" in done.stderr
