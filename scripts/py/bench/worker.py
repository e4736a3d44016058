"""The rows of scripts/bench about `vignette worker` beside the worker of RunPod's SDK, both with nothing to compute.

A native job API (test/bench/fast_platform.cpp) hands out jobs to either as fast as it asks, and measures.
"""

import contextlib
import json
import os
import select
import signal
import subprocess

from program import ROOT

PLATFORM = ROOT / "build/release/fast_platform"
WORKER = ROOT / "build/release/scripted/vignette"  # the product with a captioner that only talks
SDK_PYTHON = ROOT / "build/platform/bin/python"
SDK_WORKER = ROOT / "test/bench/sdk_worker.py"


def jobs_c1(pairs, folder):
    """Seconds a job, one job at a time, against the worker of RunPod's SDK with a handler that does nothing."""
    yield from compare(pairs, folder, seconds_a_job, concurrency=1, ours_jobs=3000, theirs_jobs=8)


def jobs_c100(pairs, folder):
    """Seconds a job with 100 jobs at once, against the same."""
    yield from compare(pairs, folder, seconds_a_job, concurrency=100, ours_jobs=20_000, theirs_jobs=300)


def latency_1mb(pairs, folder):
    """From a job's hand-out to its result (p50), one at a time with 1 MB of base64, against the same.

    Jobs come at times of chance: the SDK looks into its queue ten times a second, and without that one run would see
    a single phase of it, anything from 4 to 97 ms.
    """
    sizes = {"image_kb": 1024, "pause_ms": 100}
    yield from compare(pairs, folder, p50_seconds, concurrency=1, ours_jobs=50, theirs_jobs=8, **sizes)


def seconds_a_job(figures):
    return 1 / figures["jobs_per_s"]


def p50_seconds(figures):
    return figures["p50_ms"] / 1000


def compare(pairs, folder, figure, concurrency, ours_jobs, theirs_jobs, **sizes):
    for needed in (PLATFORM, WORKER, SDK_PYTHON):
        if not needed.exists():
            raise SystemExit(f"{needed} is missing; run scripts/setup --tests first")
    ours = [WORKER, "worker"]
    theirs = [SDK_PYTHON, SDK_WORKER]
    for _ in range(pairs):
        yield (
            figure(measure(ours, folder, concurrency, ours_jobs, **sizes)),
            figure(measure(theirs, folder, concurrency, theirs_jobs, **sizes)),
        )


def measure(worker, folder, concurrency, jobs, image_kb=0, pause_ms=0):
    """What the job API saw of this worker, from the first hand-out to the last result."""
    order = [PLATFORM, "--jobs", str(jobs), "--image-kb", str(image_kb), "--pause-ms", str(pause_ms)]
    log = folder / "worker.log"
    with (
        subprocess.Popen(order, stdout=subprocess.PIPE, text=True, start_new_session=True) as platform,
        stopping(platform),
        open(log, "wb") as output,
    ):
        environment = worker_environment(json.loads(platform.stdout.readline())["port"], concurrency)
        with (
            subprocess.Popen(
                worker, env=environment, cwd=ROOT, stdout=output, stderr=output, start_new_session=True
            ) as process,
            stopping(process),
        ):
            figures = read_figures(platform, process, log)
    if figures["failed"]:
        raise SystemExit(f"{worker[0]} failed {figures['failed']} of {jobs} jobs:\n{tail(log)}")
    return figures


def worker_environment(port, concurrency):
    address = f"http://127.0.0.1:{port}/v2/bench"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RUNPOD_", "VIGNETTE_"))}
    return {
        **clean,
        "RUNPOD_WEBHOOK_GET_JOB": f"{address}/job-take/$ID?gpu=none",
        "RUNPOD_WEBHOOK_POST_OUTPUT": f"{address}/job-done/$RUNPOD_POD_ID/$ID?gpu=none",
        "RUNPOD_AI_API_KEY": "bench",
        "RUNPOD_POD_ID": "worker",
        "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
        "RUNPOD_SKIP_GPU_CHECK": "true",
        "VIGNETTE_CONCURRENCY": str(concurrency),  # ours
        "CONCURRENCY": str(concurrency),  # theirs
    }


def read_figures(platform, process, log):
    """The platform's last line, unless the worker ends before."""
    while not select.select([platform.stdout], [], [], 0.2)[0]:
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended before its jobs were done:\n{tail(log)}")
    return json.loads(platform.stdout.readline())


@contextlib.contextmanager
def stopping(process):
    """Ends the process and whatever it has started; its last words are not waited for long."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            process.send_signal(signal.SIGTERM)
            process.wait(3)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def tail(log):
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
