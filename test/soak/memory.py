"""scripts/soak worker --rss: how much the worker grows per 1,000 quick jobs once it is warm."""

import sys

from fake_runpod.client import FakeRunpod

from .job_mix import STRANGERS, as_url, single
from .under_faults import START_S, verdict
from .worker_process import WorkerProcess

BURST = 500
WARM_AFTER = 0.2  # of all jobs
MIB_PER_1000_MAX = 1.0


def slope(points):
    """Least squares."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def quick_job(number):
    """Each tenth picture is opened in a decoder process."""
    if number % 10:
        return single(f"m{number}")
    file = STRANGERS[number // 10 % len(STRANGERS)]
    return {**single(f"m{number}", "decode"), "data_url": as_url(file)}


def run(options, folder):
    return growth(options, folder, quick_job, burst=BURST, SCRIPTED_PICTURES=64)


def growth(options, folder, make_job, burst, judged_from=0, may_fail=True, **environment):
    if options.jobs <= burst:
        sys.exit(f"soak: --jobs {options.jobs} is one burst, and growth needs two: give more than {burst}")
    with FakeRunpod(hold=5, lease=60, record=False) as platform:
        worker = WorkerProcess(platform, folder / "worker.log", **environment)
        try:
            platform.wait_until({"idle_takers": 1}, START_S)
            points = []
            for done in range(0, options.jobs, burst):
                platform.submit_many([{"input": make_job(done + n)} for n in range(burst)])
                platform.wait_until({"quiet": True}, 300)
                points.append(((done + burst) / 1000, worker.rss_mib()))
                if done % (10 * burst) == 0:
                    print(f"{done + burst:6} jobs  {points[-1][1]:8.1f} MiB", flush=True)
            code, _ = worker.terminate()
            stats = platform.stats()
        finally:
            worker.kill()
        warm = points[int(len(points) * WARM_AFTER) :]
        grown = slope(warm)
        judged = options.jobs >= judged_from
        print(f"RSS {warm[0][1]:.1f} MiB warm, {warm[-1][1]:.1f} MiB after {options.jobs} jobs: ", end="")
        bound = f"at most {MIB_PER_1000_MAX}" if judged else "too few jobs to judge it"
        print(f"{grown:.3f} MiB per 1,000 jobs, {bound}; failed {stats['failed']}, exit code {code}")
        enough = grown <= MIB_PER_1000_MAX or not judged
        right = may_fail or stats["failed"] == 0
        return verdict(stats) and enough and right and code == 0
