"""The rows of scripts/bench about decoding on the CPU: one step, beside llama.cpp and OpenVINO with the same weights.

A step is one more word at a context of 602 tokens of a picture and twenty of the prompt. Neither side's prefill is in
the time. Each side is a process that keeps its model and is asked again each turn.
"""

import base64
import functools
import itertools
import json
import statistics
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import decoding_models as models
from bench import serve
from program import PROGRAM, ROOT

WORDS = 24
ALIKE = 8  # words that both sides must say alike, where both compute in float32


@dataclass(frozen=True)
class Precision:
    dtype: str  # of our bundle
    options: tuple[str, ...]  # of ours
    peers: dict[str, tuple[str, ...]]  # the ways of each that can be set beside ours: its fastest counts


PEER_NAMES = {"llama": "llama.cpp", "openvino": "OpenVINO"}
PRECISIONS = {
    "fp32": Precision("float32", (), {"llama": ("F32",), "openvino": ("f32",)}),
    "16bit": Precision("float16", ("--precision", "fp16"), {"llama": ("F16", "BF16"), "openvino": ("f16", "bf16")}),
    "8bit": Precision("float16", ("--precision", "8bit"), {"llama": ("Q8_0",), "openvino": ("int8",)}),
}


@dataclass(frozen=True)
class Row:
    size: str
    precision: str
    threads: int
    sequences: int
    peer: str

    @property
    def name(self) -> str:
        what = "decode" if self.sequences == 1 else f"batch{self.sequences}"
        threads = "-2t" if self.threads == 2 else ""
        return f"{what}-{self.size}-{self.precision}{threads}" + ("" if self.peer == "llama" else f"-{self.peer}")

    def describe(self) -> str:
        what = "A decode step" if self.sequences == 1 else f"A token of {self.sequences} sequences decoded at once"
        model = f"{self.size.removesuffix('b')} billion weights in {self.precision}"
        threads = "on one thread" if self.threads == 1 else f"on {self.threads} threads"
        return f"{what}, {model}, {threads}, against {PEER_NAMES[self.peer]}."


def rows() -> Iterator[tuple[str, str, Callable]]:
    """(name, what it needs in build/, the row's function) of each."""
    companies = (("0.3b", 1), ("1b", 1), ("0.3b", 8))
    for peer, (size, sequences), precision, threads in itertools.product(PEERS, companies, PRECISIONS, (1, 2)):
        row = Row(size, precision, threads, sequences, peer)
        function = functools.partial(measure, row)
        function.__doc__ = row.describe()
        yield row.name, peer, function


class Peer:
    """A process that answers a number of steps with their seconds and words."""

    def __init__(self, process: subprocess.Popen, question: list[int]):
        self.process = process
        self.send(question)
        self.run(2)  # its buffers are there from now on

    def send(self, value) -> None:
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()

    def run(self, steps: int) -> dict:
        self.send(steps)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.process.args[1]} has ended")
        return json.loads(line)


@contextmanager
def started(environment: str, script: str, *words, question: list[int]):
    command = [ROOT / f"build/{environment}/bin/python", ROOT / "scripts/py/bench" / script, *words]
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Peer(process, question)
    finally:
        process.kill()
        process.wait()


def llama(row: Row, way: str, question: list[int]):
    file = models.written_by("llama", "gguf_file.py", row.size, way, ".gguf")
    return started("llama", "llama_steps.py", file, row.threads, row.sequences, question=question)


def openvino(row: Row, way: str, question: list[int]):
    snapshot = models.snapshot_of(row.size)
    return started("openvino", "openvino_steps.py", snapshot, row.threads, row.sequences, way, question=question)


PEERS = {"llama": llama, "openvino": openvino}


def fastest(row: Row, question: list[int]):
    ways, peer = PRECISIONS[row.precision].peers[row.peer], PEERS[row.peer]

    def seconds(way: str) -> float:
        with peer(row, way, question) as tried:
            return min(tried.run(WORDS - 1)["seconds"] for _ in range(2))

    return peer(row, ways[0] if len(ways) == 1 else min(ways, key=seconds), question)


def measure(row: Row, pairs: int, folder: Path):
    pictures = [base64.b64encode(file.read_bytes()).decode() for file in models.draw_pictures(folder, row.sequences)]
    question = models.question(row.size, folder / "scene-0.png")
    with fastest(row, question) as peer, ours(row) as url:
        describe(url, pictures)  # the first waits for the model
        for _ in range(pairs):
            answers, said = describe(url, pictures), peer.run(WORDS - 1)
            if row.precision == "fp32":
                assert answers[0]["tokens"][:ALIKE] == said["tokens"][:ALIKE], "the two sides do not say the same"
            yield seconds_of(answers) / row.sequences, said["seconds"] / (WORDS - 1) / row.sequences


def ours(row: Row):
    precision = PRECISIONS[row.precision]
    model = ["--model", models.bundle_of(row.size, precision.dtype), "--embedder", "", *precision.options]
    machine = ["--device", "cpu", "--threads", row.threads, "--slots", row.sequences]
    # All eight begin together, so that each of their steps is one of eight.
    company = ["--batch-size", row.sequences, "--batch-timeout-ms", 1000 if row.sequences > 1 else 0]
    return serve.ours(PROGRAM, *model, *machine, *company, "--cache-mib", 0, "--vision-cache-mib", 0)


def describe(url: str, pictures: list[str]) -> list[dict]:
    """The answers about all pictures, asked at once."""
    words = {"max_length": WORDS, "min_length": WORDS, "num_beams": 1, "return_tokens": True}

    def ask(picture: str) -> dict:
        job = {"image_base64": picture, "prompt": models.PROMPT, **words}
        request = urllib.request.Request(url + "/caption", json.dumps(job).encode())
        return json.load(urllib.request.urlopen(request, timeout=600))

    with ThreadPoolExecutor(len(pictures)) as threads:
        return list(threads.map(ask, pictures))


def seconds_of(answers: list[dict]) -> float:
    """Of one step."""
    times = [one["timings"]["decode_steps"] / 1000 for one in answers]
    assert max(times) < 1.2 * min(times), "the pictures did not begin together"
    return statistics.median(times) / (WORDS - 1)
