"""Each request of our worker is that of the Python SDK's worker, apart from DIFFERENCES."""

import functools
import itertools
import json
from fnmatch import fnmatchcase

import pytest

from wire_differences import DIFFERENCES
from wire_recordings import record
from wire_scenarios import CASES, LOAD_MS, SCENARIOS
from wire_view import differing, flat
from workers import SDKS

WAITED_FOR = 600


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """A scenario's recordings (ours, theirs); all are made once, when one is first asked for, or fail once."""

    @functools.cache
    def made(name):
        try:
            return record(SCENARIOS[name], tmp_path_factory.mktemp(name)), None
        except Exception as failure:  # told again by every test that needs it
            return None, failure

    def of(name, version):
        recordings, failure = made(name)
        if failure:
            raise AssertionError(f"the scenario {name} could not be recorded: {failure}") from failure
        ours, theirs = recordings
        return ours, theirs[version]

    return of


@pytest.fixture(params=SDKS)
def version(request):
    return request.param


def seen_differences(case, recorded, version):
    ours, theirs = recorded(case.scenario, version)
    return differing(flat(case.pick(ours)), flat(case.pick(theirs)))


def listed(case, version, name, mine, other):
    return [one for one in DIFFERENCES if fnmatchcase(version, one.sdk) and one.covers(case.name, name, mine, other)]


@pytest.mark.timeout(WAITED_FOR)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_exchange_is_the_same(case, recorded, version):
    ours, theirs = recorded(case.scenario, version)
    assert case.pick(ours) or case.pick(theirs), "neither worker made this request"
    unexpected = [seen for seen in seen_differences(case, recorded, version) if not listed(case, version, *seen)]
    assert not unexpected, "\n".join(f"{name}: ours {mine!r}, theirs {other!r}" for name, mine, other in unexpected)


@pytest.mark.timeout(WAITED_FOR)
@pytest.mark.parametrize(
    "difference, version",
    [(one, version) for one in DIFFERENCES for version in SDKS if fnmatchcase(version, one.sdk)],
    ids=lambda one: one if isinstance(one, str) else f"{one.name} {one.reason}",
)
def test_a_listed_difference_still_occurs(difference, recorded, version):
    occurs = any(
        difference.covers(case.name, *seen) for case in CASES for seen in seen_differences(case, recorded, version)
    )
    assert occurs, "this is no difference any more: take it off the list"


@pytest.mark.timeout(WAITED_FOR)
def test_the_pings_of_both_keep_the_interval(recorded, version):
    for recording in recorded("production", version):
        began = [one["began"] for one in recording.of("ping")]
        gaps = [later - earlier for earlier, later in itertools.pairwise(began)]
        assert gaps and min(gaps) > 0.5  # RUNPOD_PING_INTERVAL is 1000 ms


@pytest.mark.timeout(WAITED_FOR)
def test_a_refreshed_worker_ends_well_and_an_unhealthy_one_badly(recorded, version):
    assert [recording.code for recording in recorded("refresh", version)] == [0, 0]
    assert [recording.code for recording in recorded("unhealthy", version)] == [1, 1]


@pytest.mark.timeout(WAITED_FOR)
def test_our_heartbeat_is_there_while_the_model_loads_and_theirs_is_not(recorded, version):
    pair = recorded("slow-load", version)
    ours, theirs = (min(one["began"] for one in made.of("ping")) - made.began for made in pair)
    assert ours < LOAD_MS / 1000 < theirs


OURS_ALONE = [  # answers that the SDK's worker never gives: the scenario, the job, the type of the error
    ("production", "no-input", "missing_image"),
    ("busy", "c", "cancelled"),
]


@pytest.mark.timeout(WAITED_FOR)
@pytest.mark.parametrize("scenario, job, error_type", OURS_ALONE)
def test_what_only_our_worker_answers_is_a_small_typed_error(scenario, job, error_type, recorded):
    ours, _ = recorded(scenario, next(iter(SDKS)))
    last = ours.of("done", job)[-1]
    assert json.loads(json.loads(last["body"])["error"])["error_type"] == error_type
    assert last["status"] == 200 and last["body_bytes"] < 1000


def test_at_least_25_exchanges_are_compared():
    assert len(CASES) >= 25
