"""A decode step asks for nothing that a CUDA graph may not contain."""

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


def test_a_planted_read_by_the_host_is_not(bundle_of, tmp_path):
    done, counts = capture(bundle_of("blip"), tmp_path / "report.json", "--plant-read")
    assert done.returncode == 1
    assert "capturing" in done.stderr
    assert counts["illegal"] > 0
