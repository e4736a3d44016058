#!/usr/bin/env python3
"""Makes what the torch tests compare with: a bundle of a tiny random BLIP-2, and what the reference
(transformers on the CPU) computes for it.

    PYTHONPATH=scripts/py python3 test/model/make_fixtures.py FOLDER

FOLDER/bundle              the exported bundle
FOLDER/golden.safetensors  for each picture N: image.N, pixels.N, prompt.N, greedy.N, beam_tokens.N, beam_scores.N
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import AutoImageProcessor, Blip2ForConditionalGeneration

SIZES = [(97, 61), (61, 97), (400, 300), (30, 30), (1, 7), (56, 56)]  # width, height
NEW_TOKENS = 16
BEAMS = 3


def golden_pixels(processor, manifest, image):
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    made = processor(tensor, return_tensors="pt", input_data_format="channels_first")["pixel_values"]
    assert list(made.shape[2:]) == [manifest["image"]["height"], manifest["image"]["width"]]
    return made


def golden_text(model, manifest, pixels, words):
    text = manifest["text"]
    prompt = torch.tensor([text["image_token"]] * text["image_tokens"] + words)
    inputs = {"pixel_values": pixels, "input_ids": prompt[None]}
    inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
    made = model.generate(
        **inputs, max_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=text["eos"], pad_token_id=text["pad"]
    )
    likely = model(**inputs).logits[0, -1].float().log_softmax(-1)
    scores, tokens = likely.topk(2 * BEAMS)
    return {"prompt": prompt, "greedy": made[0, len(prompt) :], "beam_tokens": tokens, "beam_scores": scores}


def write_golden(snapshot, bundle, file):
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    manifest = json.loads((bundle / "manifest.json").read_text())
    processor = AutoImageProcessor.from_pretrained(snapshot)
    model = Blip2ForConditionalGeneration.from_pretrained(snapshot).eval()
    random = np.random.default_rng(7)
    tensors = {}
    for number, (width, height) in enumerate(SIZES):
        image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        words = [manifest["text"]["bos"]] + [3 + int(n) for n in random.integers(0, 40, number % 4)]
        pixels = golden_pixels(processor, manifest, image)
        made = {"image": torch.from_numpy(image), "pixels": pixels}
        made |= golden_text(model, manifest, pixels, words)
        tensors |= {f"{name}.{number}": tensor.contiguous() for name, tensor in made.items()}
    save_file(tensors, file)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    snapshot, bundle = folder / "snapshot", folder / "bundle"
    subprocess.run([sys.executable, "-m", "tiny_models", snapshot], check=True)
    subprocess.run([sys.executable, "-m", "export", snapshot, bundle], check=True)
    write_golden(snapshot, bundle, folder / "golden.safetensors")


if __name__ == "__main__":
    main()
