"""How a queue with several workers behaves: events in order of time, Poisson arrivals, measured service times."""

import heapq
import random
import re
from collections import deque
from dataclasses import dataclass

BUCKET = re.compile(r'^vignette_stage_seconds_bucket\{stage="total",le="([^"]+)"\} (\d+)', re.MULTILINE)


@dataclass
class Histogram:
    """Measured times: within a bucket of Prometheus' they are taken to be spread evenly."""

    bounds: list[float]  # upper ones, seconds
    counts: list[int]  # of each bucket, not cumulated

    def draw(self, rng: random.Random) -> float:
        index = rng.choices(range(len(self.counts)), self.counts)[0]
        low = self.bounds[index - 1] if index else 0.0
        return rng.uniform(low, self.bounds[index])

    @property
    def mean(self) -> float:
        lows = [0.0, *self.bounds[:-1]]
        middles = [(low + high) / 2 for low, high in zip(lows, self.bounds, strict=True)]
        return sum(m * c for m, c in zip(middles, self.counts, strict=True)) / sum(self.counts)


def read_metrics(text: str) -> Histogram:
    """The time of whole pictures in what `/metrics` said."""
    rows = [(float(bound), int(count)) for bound, count in BUCKET.findall(text)]
    if not rows or rows[-1][1] == 0:
        raise SystemExit('no picture was measured: the text has no vignette_stage_seconds_bucket{stage="total"}')
    cumulated = [count for _, count in rows]
    counts = [now - before for now, before in zip(cumulated, [0, *cumulated], strict=False)]
    bounds = [bound for bound, _ in rows]
    if bounds[-1] == float("inf"):
        bounds[-1] = 2 * bounds[-2]
    return Histogram(bounds, counts)


@dataclass
class Outcome:
    done_per_s: float
    busy: float  # share of the places that worked
    wait_p50: float
    wait_p99: float
    line_max: int  # jobs that waited at once
    refused: int


def simulate(
    service, *, workers: int, places: int, rate: float, jobs: int, queue_max: int, overhead_s: float, seed: int
):
    """`service(rng)` draws how long one job takes; `overhead_s` is what the queue adds to it."""
    rng = random.Random(seed)
    free, waiting, ends, waits = workers * places, deque(), [], []
    now = busy_s = 0.0
    arrival, arrived, refused, line_max = rng.expovariate(rate), 0, 0, 0
    while arrived < jobs or ends:
        if arrived < jobs and (not ends or arrival <= ends[0]):
            now, arrived = arrival, arrived + 1
            arrival = now + rng.expovariate(rate)
            if len(waiting) + len(ends) >= queue_max:
                refused += 1
            else:
                waiting.append(now)
        else:
            now, free = heapq.heappop(ends), free + 1
        while free and waiting:
            waits.append(now - waiting.popleft())
            took = service(rng) + overhead_s
            busy_s, free = busy_s + took, free - 1
            heapq.heappush(ends, now + took)
        line_max = max(line_max, len(waiting))
    waits.sort()
    return Outcome(
        done_per_s=len(waits) / now,
        busy=busy_s / (now * workers * places),
        wait_p50=waits[len(waits) // 2],
        wait_p99=waits[len(waits) * 99 // 100],
        line_max=line_max,
        refused=refused,
    )


def table(
    histogram: Histogram, *, places: int, rates: list[float], workers: list[int], overhead_s: float, queue_max: int
):
    """Markdown: for each number of workers and rate of arrivals, how long jobs wait."""
    lines = [
        "| workers | jobs/s asked | jobs/s done | busy | wait p50 | wait p99 | longest line | refused |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for count in workers:
        for rate in rates:
            one = simulate(
                histogram.draw, workers=count, places=places, rate=rate, jobs=20_000, queue_max=queue_max,
                overhead_s=overhead_s, seed=1,
            )  # fmt: skip
            lines.append(
                f"| {count} | {rate:g} | {one.done_per_s:.1f} | {one.busy:.0%} | {one.wait_p50:.2f} s |"
                f" {one.wait_p99:.2f} s | {one.line_max} | {one.refused / 20_000:.0%} |"
            )
    return "\n".join(lines)
