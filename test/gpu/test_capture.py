"""A decode step asks for nothing that a CUDA graph may not contain, and the program replays it."""

import json
import sys
from pathlib import Path

import pytest

from noop_card import BUDGET_CARD
from true_bundles import FAMILIES

CAPTIONERS = [family for family in FAMILIES if family != "clip"]


def capture(bundle, report, *options):
    """(the process, what it asked of the card)"""
    script = Path(__file__).parent / "capture_decode.py"
    done = BUDGET_CARD.run([sys.executable, script, bundle, *options], report=report)
    return done, json.loads(report.read_text())


@pytest.mark.parametrize("family", CAPTIONERS)
def test_decode_is_legal_in_a_graph(family, bundle_of, tmp_path):
    done, counts = capture(bundle_of(family), tmp_path / "report.json")
    assert done.returncode == 0, done.stderr
    assert (counts["captures"], counts["replays"], counts["illegal"]) == (1, 1, 0)


@pytest.mark.parametrize("switch, captures", [("on", 1), ("off", 0)])
def test_the_program_replays_its_steps(switch, captures, bundle_of, picture, tmp_path):
    options, report = ["--max_length", 20, "--cuda-graphs", switch], tmp_path / "report.json"
    answer = json.loads(BUDGET_CARD.caption(bundle_of("blip"), picture, *options, report=report).stdout)
    counts = json.loads(report.read_text())
    assert len(answer["caption"].split()) == 20
    # Of 19 steps the third is recorded, and replayed at once to be compared.
    assert (counts["captures"], counts["replays"], counts["illegal"]) == (captures, 17 * captures, 0)


@pytest.mark.parametrize("family", CAPTIONERS)
def test_the_card_goes_on_while_the_words_are_read(family, bundle_of, picture, tmp_path):
    report, behind = tmp_path / "report.json", {}
    for switch in ("on", "off"):
        options = ["--max_length", 20, "--num_beams", 1, "--cuda-graphs", switch]
        BUDGET_CARD.caption(bundle_of(family), picture, *options, report=report)
        behind[switch] = json.loads(report.read_text())["behind"]
    # Behind each of 19 words there is the step that makes the next one: 17 as a graph, the others as their calls.
    assert behind["on"] - behind["off"] > 17 + 2 * 200


def test_what_no_graph_may_contain_costs_only_the_graph(bundle_of, picture, tmp_path):
    report = tmp_path / "report.json"
    done = BUDGET_CARD.caption(bundle_of("blip"), picture, "--max_length", 20, report=report, no_graphs=1)
    assert json.loads(done.stdout)["caption"].split() == ["w0"] * 20
    assert done.stderr.count("steps of 4 rows run without a graph: the model ran out of memory\n") == 1
    assert json.loads(report.read_text())["replays"] == 0


def test_a_planted_read_by_the_host_is_not(bundle_of, tmp_path):
    done, counts = capture(bundle_of("blip"), tmp_path / "report.json", "--plant-read")
    assert done.returncode == 1
    assert "capturing" in done.stderr
    assert counts["illegal"] > 0
