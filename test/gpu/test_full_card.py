"""A card that has no room at one allocation, at each of twenty: while the model loads that is one clear error; later it
costs at most the picture that asked for it."""

import json

import pytest

from noop_card import BUDGET_CARD
from program import PROGRAM

PICTURES, PLACES = 8, 20


@pytest.fixture(scope="module")
def allocations(bundle_of, picture, tmp_path_factory):
    report = tmp_path_factory.mktemp("report") / "report.json"
    assert caption(bundle_of("blip"), picture, report=report).returncode == 0
    return json.loads(report.read_text())["allocations"]


def caption(bundle, picture, **card):
    words = [PROGRAM, "caption", "--json", "--device", "cuda", "--model", bundle, "--max_length", 6]
    return BUDGET_CARD.run([*words, *[picture] * PICTURES], **card)


def places(allocations):
    """The last ten, which are those of pictures, and as many while the model loads."""
    early = allocations - PLACES // 2
    return [1 + early * i // (PLACES // 2) for i in range(PLACES // 2)] + list(range(early + 1, allocations + 1))


def test_one_allocation_costs_one_picture_at_most(bundle_of, picture, allocations):
    loaded = 0
    for place in places(allocations):
        done = caption(bundle_of("blip"), picture, full_at=place)
        results = [json.loads(line) for line in done.stdout.splitlines()]
        errors = [result["error"] for result in results if "error" in result]
        assert len(results) in (0, PICTURES) and done.returncode in (0, 1), done.stderr
        if not results:
            assert "out_of_memory" in done.stderr and "fewer slots" in done.stderr
            continue
        loaded += 1
        assert len(errors) <= 1 and (done.returncode == 1) == bool(errors)
        assert all((error["code"], error["retryable"]) == ("out_of_memory", True) for error in errors)
    assert loaded >= 2
