"""The environment in which the tests run as on another processor: `python draw_cpu.py SEED` prints NAME=value lines.

One processor is drawn from those that this one can stand for; torch, oneDNN, MKL, simdjson and our own code use only
what it has.
A variable that is already set keeps its value.
"""

import os
import random
import sys
from pathlib import Path

# (what it must have, the environment)
PROCESSORS = [
    (set(), {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "VIGNETTE_CPU": "plain",
        "SIMDJSON_FORCE_IMPLEMENTATION": "fallback",
    }),
    ({"avx2", "fma"}, {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "VIGNETTE_CPU": "avx2",
        "SIMDJSON_FORCE_IMPLEMENTATION": "haswell",
    }),
    ({"avx512f", "avx512bw", "avx512dq", "avx512vl", "fma"}, {
        "ATEN_CPU_CAPABILITY": "avx512",
        "ONEDNN_MAX_CPU_ISA": "AVX512_CORE",
        "MKL_ENABLE_INSTRUCTIONS": "AVX512",
        "VIGNETTE_CPU": "avx512",
    }),
]  # fmt: skip


def abilities() -> set[str]:
    """Empty where it is no x86: then nothing but the plainest can be drawn."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


def draw(seed: int, has: set[str]) -> dict[str, str]:
    return random.Random(seed).choice([environment for needs, environment in PROCESSORS if needs <= has])


if __name__ == "__main__":
    for name, value in draw(int(sys.argv[1]), abilities()).items():
        print(f"{name}={os.environ.get(name, value)}")
