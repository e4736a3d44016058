#!/usr/bin/env python3
"""Makes what the torch tests compare with: bundles of tiny random models of every family, and what the reference
(transformers on the CPU) computes for them.

    PYTHONPATH=scripts/py python3 test/model/make_fixtures.py FOLDER

FOLDER/FAMILY/bundle               the exported bundle
FOLDER/FAMILY/golden.safetensors   of a captioner for each request N: prompt.N, greedy.N, images.N (how many) and for
                                   each of its pictures M image.N.M, pixels.N.M; of an embedder see golden_vectors.py
FOLDER/pixels.safetensors          golden_pixels.py
FOLDER/choices.safetensors         golden_choices.py
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "parity"))

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

import golden_choices
import golden_pixels
import golden_vectors
from bundle_twin import prompt_ids
from parity import reference

# And the seeds of their models.
CAPTIONERS = {"blip2-opt": 0, "blip2-t5": 1, "blip": 1, "llava-next": 2, "qwen2_5_vl": 0, "qwen3_vl": 1}
CAPTIONERS |= {"llava_next_video": 3, "video_llava": 2}
CLIP_SEED = 3
SIZES = [(97, 61), (61, 97), (400, 300), (30, 30), (1, 7), (56, 56)]  # width, height
PROMPTS = ["", "a photo of", "Question: how many? Answer:", "two red cats"]
MIXED = [1, 1, 2, 1, 3, 1]
SEVERAL = {"blip2-opt": [1] * 6, "llava-next": MIXED, "video_llava": MIXED, "qwen2_5_vl": MIXED, "qwen3_vl": MIXED}
NEW_TOKENS = 16
BEAMS = 3


def make_bundle(folder: Path, family: str, seed: int) -> tuple[Path, Path]:
    snapshot, bundle = folder / "snapshot", folder / "bundle"
    command = [sys.executable, "-m", "tiny_models", snapshot, "--family", family, "--seed", str(seed)]
    subprocess.run(command, check=True)
    subprocess.run([sys.executable, "-m", "export", snapshot, bundle], check=True)
    return snapshot, bundle


def draw_images(random, count: int, number: int) -> list[np.ndarray]:
    sizes = [SIZES[(number + i) % len(SIZES)] for i in range(count)]
    return [random.integers(0, 256, (height, width, 3), dtype=np.uint8) for width, height in sizes]


def pixels_of(snapshot: Path, picture: Image.Image) -> torch.Tensor:
    """As our programs take them: whole pictures where the reference hands out patches."""
    processor = reference.load_processor(str(snapshot)).image_processor
    if not hasattr(processor, "merge_size"):
        return reference.pixel_values(snapshot, picture)
    made = processor(picture, return_tensors="pt")
    return golden_pixels.as_picture(made["pixel_values"], made["image_grid_thw"][0], processor.patch_size)


def golden_request(snapshot: Path, bundle: Path, images: list[np.ndarray], prompt: str) -> dict:
    pictures = [Image.fromarray(image) for image in images]
    made = {"prompt": prompt_ids(bundle, pictures, prompt), "images": torch.tensor([len(images)])}
    made["greedy"] = torch.tensor(reference.generate_reference(snapshot, [pictures], prompt, NEW_TOKENS)[0])
    for number, (image, picture) in enumerate(zip(images, pictures)):
        made[f"image.{number}"] = torch.from_numpy(image)
        made[f"pixels.{number}"] = pixels_of(snapshot, picture)
    return made


def first_beams(snapshot: Path, images: list[np.ndarray], prompt: str) -> dict:
    """What the first step of a beam search looks at."""
    inputs = reference.make_inputs(snapshot, [Image.fromarray(image) for image in images], prompt)
    logits = reference.load_model(str(snapshot))(**inputs).logits[0, -1].float()
    scores, tokens = logits.log_softmax(-1).topk(2 * BEAMS)
    return {"beam_tokens": tokens, "beam_scores": scores, "beam_logits": logits}


def write_captions(snapshot: Path, bundle: Path, family: str, file: Path) -> None:
    random = np.random.default_rng(7)
    tensors = {}
    for number, count in enumerate(SEVERAL.get(family, [1] * 4)):
        images, prompt = draw_images(random, count, number), PROMPTS[number % len(PROMPTS)]
        made = golden_request(snapshot, bundle, images, prompt)
        if family == "blip2-opt":
            made |= first_beams(snapshot, images, prompt)
        for name, tensor in made.items():
            kind, _, rest = name.partition(".")
            tensors[f"{kind}.{number}.{rest}" if rest else f"{kind}.{number}"] = tensor.contiguous()
    save_file(tensors, file)


def main() -> None:
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    golden_choices.write(folder / "choices.safetensors")
    golden_pixels.write(folder / "pixels.safetensors")
    for family, seed in CAPTIONERS.items():
        snapshot, bundle = make_bundle(folder / family, family, seed)
        write_captions(snapshot, bundle, family, folder / family / "golden.safetensors")
    snapshot, bundle = make_bundle(folder / "clip", "clip", CLIP_SEED)
    golden_vectors.write(snapshot, folder / "clip/golden.safetensors")


if __name__ == "__main__":
    main()
