"""What CLIP makes of pictures and texts, of length 1: image.N, pixels.N, image_vector.N and ids.N, text_vector.N."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from parity import reference

SIZES = [(97, 61), (61, 97), (300, 2), (30, 30), (224, 224)]
TEXTS = ["", "a photo of", "two red cats on a tree", "what color is it"]


def write(snapshot: Path, file: Path) -> None:
    random = np.random.default_rng(7)
    tensors = {}
    for number, (width, height) in enumerate(SIZES):
        image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        picture = Image.fromarray(image)
        tensors[f"image.{number}"] = torch.from_numpy(image)
        tensors[f"pixels.{number}"] = reference.pixel_values(snapshot, picture).contiguous()
        tensors[f"image_vector.{number}"] = unit(reference.image_vector(snapshot, picture))
    tokenizer = reference.load_processor(str(snapshot)).tokenizer
    for number, text in enumerate(TEXTS):
        tensors[f"ids.{number}"] = tokenizer(text, truncation=True, return_tensors="pt")["input_ids"][0]
        tensors[f"text_vector.{number}"] = unit(reference.text_vectors(snapshot, [text])[0])
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)


def unit(vector: torch.Tensor) -> torch.Tensor:
    return vector / vector.norm(p=2, dim=-1, keepdim=True)
