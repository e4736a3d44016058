"""The rows of scripts/bench about starting: a new process each time, from nothing to the first word about a picture."""

import json
import os
import subprocess
import sys
from pathlib import Path

from bench.common import draw_scenes, timed
from bench.serve import base_bundle
from program import ROOT, caption_files

PROMPT = "a photo of"
PEER = """
import json, sys, torch
from PIL import Image
from transformers import Blip2ForConditionalGeneration, Blip2Processor

torch.set_num_threads(1)
snapshot, picture, prompt = sys.argv[1:]
model = Blip2ForConditionalGeneration.from_pretrained(snapshot, local_files_only=True).eval()
processor = Blip2Processor.from_pretrained(snapshot, local_files_only=True)
inputs = processor(images=Image.open(picture), text=prompt, return_tensors="pt")
one_word = {"max_new_tokens": 1, "min_new_tokens": 1, "num_beams": 1, "do_sample": False}
with torch.inference_mode():
    said = model.generate(**inputs, **one_word)
print(json.dumps(said[0, inputs["input_ids"].shape[1]:].tolist()))
"""


def first_words(pairs: int, folder: Path, snapshot: Path, bundle: Path):
    (picture,) = draw_scenes(folder, 1)
    # With bytecode, as an installed worker has it; this environment comes without.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    peer = [sys.executable, "-c", PEER, snapshot, picture, PROMPT]
    options = ["--prompt", PROMPT, "--max_length", 1, "--min_length", 1, "--num_beams", 1]

    def theirs():
        done = subprocess.run([str(word) for word in peer], env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def ours():
        return caption_files([picture], "--model", bundle, "--threads", 1, "--tokens", *options)[0]["tokens"]

    assert ours() == theirs(), "the two sides do not say the same"  # and the page cache is warm on both
    for _ in range(pairs):
        yield timed(ours)[0], timed(theirs)[0]


def start_demo(pairs, folder):
    """A new process to the first word of the demo model, against imports and the same with transformers."""
    demo = ROOT / "models/demo-blip2"
    yield from first_words(pairs, folder, demo, demo)


def start_1gb(pairs, folder):
    """The same with 1 GB of weights in float32, in a warm page cache."""
    bundle = base_bundle()[0]
    yield from first_words(pairs, folder, bundle.parent / "base-snapshot", bundle)
