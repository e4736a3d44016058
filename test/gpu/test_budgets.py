"""What the program asks of a GPU: never more than a family's budget says."""

import copy

import pytest

from budgets import NOTES, differences, read_budget, summary
from noop_card import BUDGET_CARD
from true_bundles import FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_stays_within_its_budget(family, bundle_of):
    over, under = differences(read_budget(family), BUDGET_CARD.count_all(bundle_of(family)))
    if under:
        print(f"{family} costs less than its budget: scripts/count-gpu --write {family}", *under, sep="\n  ")
    assert not over, f"{family} costs more than its budget:\n  " + "\n  ".join(over)


def test_two_runs_count_the_same(bundle_of):
    first, second = (BUDGET_CARD.count_phases(bundle_of("blip")) for _ in range(2))
    assert first == second


def test_a_planted_wait_exceeds_every_phase(bundle_of):
    budget = {phase: counts for phase, counts in read_budget("blip").items() if "replayed" not in phase}
    over, _ = differences(budget, BUDGET_CARD.count_phases(bundle_of("blip"), "--plant-wait"))
    assert [line.split(":")[0] for line in over] == sorted(budget)
    assert all("waits" in line and line.endswith("(+1)") for line in over), over


def test_both_numbers_are_said():
    budget = {"start": {"calls": 1200, "waits": 3}}
    now = copy.deepcopy(budget)
    now["start"] |= {"calls": 1201, "waits": 2}
    over, under = differences(budget, now)
    assert over == ["start: calls 1,200 in the budget, 1,201 now (+1)"]
    assert under == ["start: waits 3 in the budget, 2 now (-1)"]


def test_a_phase_without_a_budget_exceeds_it():
    assert differences({}, {"start": {}})[0] == ["start: only the program has it"]
    assert differences({"start": {}}, {})[0] == ["start: only the budget has it"]


def test_the_notes_show_the_budgets():
    assert "\n".join(summary()) in NOTES.read_text(), "scripts/count-gpu --write brings the table up to date"
