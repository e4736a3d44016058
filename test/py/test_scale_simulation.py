"""The simulated queue against what queueing theory says of it, and against itself."""

import math
import random
import subprocess
import sys
from pathlib import Path

import pytest

from scale.simulation import read_metrics, simulate

ROOT = Path(__file__).parents[2]
METRICS = "\n".join(
    f'vignette_stage_seconds_bucket{{stage="total",le="{bound}"}} {count}'
    for bound, count in (("0.1", 0), ("0.25", 30), ("0.5", 100), ("+Inf", 100))
)


def run(**changes):
    options = {"workers": 2, "places": 2, "rate": 3.0, "jobs": 40_000, "queue_max": 10**9, "overhead_s": 0, "seed": 7}
    return simulate(lambda rng: rng.expovariate(1.0), **(options | changes))


def erlang_c(servers: int, load: float) -> float:
    """The chance that a job has to wait, in a line with exponential times."""
    top = load**servers / math.factorial(servers) * servers / (servers - load)
    return top / (sum(load**k / math.factorial(k) for k in range(servers)) + top)


def test_an_exponential_line_waits_as_erlang_says():
    one = run()
    waits_at_all = erlang_c(4, 3.0)
    # P(wait > t) = C * exp(-(c - a) t) at a mean service time of one second
    assert one.wait_p99 == pytest.approx(math.log(waits_at_all / 0.01), rel=0.15)
    assert one.busy == pytest.approx(0.75, rel=0.05)
    assert one.done_per_s == pytest.approx(3.0, rel=0.03) and one.refused == 0


def test_more_is_asked_than_can_be_done():
    one = run(rate=8.0, queue_max=50)
    assert one.done_per_s == pytest.approx(4.0, rel=0.05)
    assert one.busy > 0.98 and one.line_max <= 50
    assert one.refused / 40_000 == pytest.approx(0.5, abs=0.03)


def test_workers_and_places_count_alike_and_overhead_costs():
    assert run(workers=4, places=1) == run(workers=1, places=4)
    assert run(overhead_s=0.1).busy > run().busy


def test_times_are_drawn_from_the_metrics():
    measured = read_metrics(METRICS)
    rng = random.Random(1)
    drawn = [measured.draw(rng) for _ in range(5_000)]
    assert all(0.1 <= time <= 0.5 for time in drawn)
    assert sum(time <= 0.25 for time in drawn) / 5_000 == pytest.approx(0.3, abs=0.03)
    assert sum(drawn) / 5_000 == pytest.approx(measured.mean, rel=0.03)


def test_the_script_prints_a_table(tmp_path):
    (tmp_path / "metrics").write_text(METRICS)
    words = [
        sys.executable,
        ROOT / "scripts/simulate-scale",
        tmp_path / "metrics",
        "--workers",
        "1",
        "2",
        "--rates",
        "5",
    ]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 3 and rows[1].startswith("| 1 | 5 |")
    (tmp_path / "metrics").write_text("nothing")
    assert "no picture" in subprocess.run(words, capture_output=True, text=True).stderr


def test_the_table_of_the_documentation_is_what_the_script_prints():
    page = (ROOT / "docs/scale.md").read_text()
    command = next(line for line in page.splitlines() if line.startswith("scripts/simulate-scale test/"))
    words = [sys.executable, *command.split()]
    assert subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout in page
