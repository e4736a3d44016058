"""OpenVINO, asked for steps of decoding as llama_steps.py is.

openvino_steps.py SNAPSHOT THREADS SEQUENCES WAY, where WAY is one of those below; runs in build/openvino
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov
from openvino._offline_transformations import compress_model_transformation
from openvino_graph import Graph

END = 2  # never said, as ours is told to go on


@dataclass(frozen=True)
class Way:
    weights: str
    computes: str
    cache: str  # its own choice were 8 bits for all


WAYS = {
    "f32": Way(weights="f32", computes="f32", cache="f32"),
    "f16": Way(weights="f16", computes="f32", cache="f16"),  # this processor does not multiply float16
    "bf16": Way(weights="f32", computes="bf16", cache="bf16"),
    "int8": Way(weights="int8", computes="bf16", cache="f16"),
}


def compiled(snapshot: Path, threads: int, way: Way):
    model = Graph(snapshot, way.weights).build()
    if way.weights == "f16":
        compress_model_transformation(model)
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": way.computes,
        "KV_CACHE_PRECISION": way.cache,
    }
    return ov.Core().compile_model(model, "CPU", settings)


class Decoder:
    def __init__(self, snapshot: Path, threads: int, sequences: int, way: Way):
        self.model = compiled(snapshot, threads, way)
        self.request = self.model.create_infer_request()
        self.sequences = sequences
        self.question = []

    def decode(self, words: list[list[int]], place: int) -> list[int]:
        """The next word of each sequence, which have one number of words from this place on."""
        ids = np.array(words, np.int64)
        rows, count = ids.shape
        seen = np.arange(place + count)[None, :] <= np.arange(place, place + count)[:, None]
        places = np.tile(np.arange(place, place + count), (rows, 1))
        mask = np.tile(np.where(seen, 0, -np.inf).astype(np.float32), (rows, 1, 1, 1))
        self.request.infer([ids, places, mask, np.arange(rows, dtype=np.int32)])
        logits = self.request.get_output_tensor(0).data[:, -1]
        logits[:, END] = -np.inf
        return logits.argmax(1).tolist()

    def ask(self, question: list[int]) -> None:
        self.question = question

    def run(self, steps: int) -> dict:
        """What it keeps cannot be shortened, so the question is read again each time, outside of the measured time."""
        self.request.reset_state()
        place = len(self.question)
        words = self.decode([self.question] * self.sequences, 0)
        told = [words[0]]
        start = time.perf_counter()
        for step in range(steps):
            words = self.decode([[word] for word in words], place + step)
            told.append(words[0])
        return {"seconds": time.perf_counter() - start, "tokens": told}


def main() -> None:
    snapshot, threads, sequences, way = sys.argv[1:]
    decoder = Decoder(Path(snapshot), int(threads), int(sequences), WAYS[way])
    decoder.ask(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(decoder.run(int(line))), flush=True)


if __name__ == "__main__":
    main()
