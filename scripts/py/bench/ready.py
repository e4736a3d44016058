"""The rows of scripts/bench about a language model's start: a new process each time, on the CPU, with the file's pages
in memory, until it has computed a first word. Beside llama.cpp with weights of the same type in its file.
"""

import functools
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import decoding_models as models
from bench import serve
from bench.decoding import PRECISIONS
from program import PROGRAM, ROOT


def rows() -> Iterator[tuple[str, str, Callable]]:
    """(name, what it needs in build/, the row's function) of each."""
    for size in models.TEXTS:
        for precision in PRECISIONS:
            function = functools.partial(measure, size, precision)
            function.__doc__ = f"A new process until it is ready, {size} weights in {precision}, against llama.cpp."
            yield f"ready-{size}-{precision}", "llama", function


def measure(size: str, precision: str, pairs: int, folder: Path):
    way = PRECISIONS[precision]
    bundle = models.bundle_of(size, way.dtype, snapshot_dtype=way.dtype)
    file = models.written_by("llama", "gguf_file.py", size, way.peers["llama"][0], ".gguf")
    options = ["--model", bundle, "--embedder", "", "--device", "cpu", "--threads", 1, *way.options]
    ours(options), theirs(file)  # what they read is in memory from now on
    for _ in range(pairs):
        yield ours(options), theirs(file)


def ours(options: list) -> float:
    start = time.perf_counter()
    with serve.ours(PROGRAM, *options) as url:
        while not is_ready(url):
            time.sleep(0.005)
        return time.perf_counter() - start


def is_ready(url: str) -> bool:
    try:
        return urllib.request.urlopen(url + "/readyz", timeout=60).status == 200
    except OSError:  # also what it answers until then
        return False


def theirs(file: Path) -> float:
    command = [ROOT / "build/llama/bin/python", ROOT / "scripts/py/bench/llama_ready.py", file, "1"]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
