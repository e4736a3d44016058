"""What the C++ side makes of a manifest, in Python: pixels by the image recipe, and the ids of a prompt."""

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer

from export.families.llava_next import best_pinpoint, padding_of
from slot_engine import Prompt, read_manifest


def pixels(image: dict, picture) -> torch.Tensor:
    """[N,3,H,W] of an RGB picture; N is 1 but for tiles."""
    bytes_ = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
    size = fitting(picture, image) if image["recipe"] == "fit" else [image["height"], image["width"]]
    ways = {"stretch": stretched, "crop": cropped, "anyres": tiled, "fit": stretched}
    return coloured(ways[image["recipe"]](bytes_, size, image), image)


def coloured(bytes_: torch.Tensor, image: dict) -> torch.Tensor:
    mean, std = (torch.tensor(image[key]).view(3, 1, 1) for key in ("mean", "std"))
    return ((bytes_.double() * image.get("rescale", 1)).float() - mean) / std


def resize(bytes_: torch.Tensor, size: list[int]) -> torch.Tensor:
    return torch.ops.aten._upsample_bicubic2d_aa(bytes_, size, False)


def resize_by_pillow(bytes_: torch.Tensor, size: list[int]) -> torch.Tensor:
    pictures = (Image.fromarray(one.permute(1, 2, 0).numpy()) for one in bytes_)
    made = (np.array(picture.resize((size[1], size[0]), Image.BICUBIC)) for picture in pictures)
    return torch.from_numpy(np.stack([*made])).permute(0, 3, 1, 2)


def stretched(bytes_: torch.Tensor, size: list[int], image: dict) -> torch.Tensor:
    return resize(bytes_, size)


def cropped(bytes_: torch.Tensor, size: list[int], image: dict) -> torch.Tensor:
    height, width = bytes_.shape[2:]
    short, edge = min(height, width), image["shortest_edge"]
    by = resize_by_pillow if image.get("resample") == "pillow" else resize
    bytes_ = by(bytes_, [edge * height // short, edge * width // short])
    # Black where the picture is too small; the odd line goes to the bottom and to the right.
    down, across = (max(0, wanted - found) for wanted, found in zip(size, bytes_.shape[2:]))
    bytes_ = torch.nn.functional.pad(bytes_, [across // 2, across - across // 2, down // 2, down - down // 2])
    top, left = (bytes_.size(2) - size[0]) // 2, (bytes_.size(3) - size[1]) // 2
    return bytes_[:, :, top : top + size[0], left : left + size[1]]


def tiled(bytes_: torch.Tensor, size: list[int], image: dict) -> torch.Tensor:
    (height, width), (tile_height, tile_width) = bytes_.shape[2:], size
    best_height, best_width = best_pinpoint(height, width, [tuple(one) for one in image["pinpoints"]])
    by_width, by_height = best_width / width, best_height / height
    if by_width < by_height:
        new = [min(math.ceil(height * by_width), best_height), best_width]
    else:
        new = [best_height, min(math.ceil(width * by_height), best_width)]
    down, across = best_height - new[0], best_width - new[1]
    padding = [across // 2, across - across // 2, down // 2, down - down // 2]
    whole = torch.nn.functional.pad(resize(bytes_, new), padding)
    tiles = whole.unfold(2, tile_height, tile_height).unfold(3, tile_width, tile_width)[0]
    return torch.cat([resize(bytes_, size), tiles.permute(1, 2, 0, 3, 4).flatten(0, 1)])


def fitting(picture, image: dict) -> list[int]:
    """The size nearest to the picture's own that is made of patches and within the limits."""
    sides, patch, area = [picture.height, picture.width], image["patch"], picture.height * picture.width
    size = [round(side / patch) * patch for side in sides]
    if size[0] * size[1] > image["pixels_max"]:
        shrunk = math.sqrt(area / image["pixels_max"])
        return [max(patch, math.floor(side / shrunk / patch) * patch) for side in sides]
    if size[0] * size[1] < image["pixels_min"]:
        grown = math.sqrt(image["pixels_min"] / area)
        return [math.ceil(side * grown / patch) * patch for side in sides]
    return size


def picture_tokens(manifest: dict, picture) -> int:
    """How many rows of the prompt a picture takes."""
    image, text = manifest["image"], manifest["text"]
    if text["image_tokens"]:
        return text["image_tokens"]
    if image["recipe"] == "fit":
        height, width = fitting(picture, image)
        return height // image["patch"] * (width // image["patch"])
    side = image["width"] // image["patch"]
    height, width = best_pinpoint(picture.height, picture.width, [tuple(one) for one in image["pinpoints"]])
    rows, columns = height // image["height"] * side, width // image["width"] * side
    top, left = padding_of(picture.height, picture.width, rows, columns)
    rows, columns = rows - 2 * top, columns - 2 * left
    return side * side + rows * (columns + 1)


def prompt_ids(bundle, pictures: list, prompt: str) -> torch.Tensor:
    """[T]"""
    manifest = read_manifest(bundle)
    text, counts = manifest["text"], [picture_tokens(manifest, picture) for picture in pictures]
    written = text["template"].replace("{images}", text["image_text"] * len(pictures)).replace("{prompt}", prompt)
    tokenizer = Tokenizer.from_file(str(Path(bundle) / manifest["tokenizer"]["file"]))
    words = tokenizer.encode(written, add_special_tokens=text["special_tokens"]).ids
    words = text["prefix"] + words + text["suffix"]
    image = text["image_token"]
    if text["placement"] == "before":
        return torch.tensor([image] * sum(counts) + words)
    assert words.count(image) == len(pictures)
    following = iter(counts)
    return torch.tensor([id_ for word in words for id_ in [word] * (next(following) if word == image else 1)])


def prompt_embeds(bundle, program, pictures: list, prompt: str) -> torch.Tensor:
    """[T,E]: everything from the pictures to what prefill() is given."""
    manifest, features = read_manifest(bundle), []
    for picture in pictures:
        seen = program.encode(pixels(manifest["image"], picture))
        tiles = manifest["image"]["recipe"] == "anyres"
        features.append(program.pack(seen, picture.height, picture.width) if tiles else seen[0])
    return program.embed(prompt_ids(bundle, pictures, prompt), torch.cat(features))


def prompt_of(bundle, program, pictures: list, prompt: str) -> Prompt:
    """All that the first step of a sequence is given."""
    image, ids = read_manifest(bundle)["image"], prompt_ids(bundle, pictures, prompt)
    places = None
    if image["recipe"] == "fit":
        places = program.place(ids, torch.tensor([[1, *fitting(picture, image)] for picture in pictures]))
    return Prompt(prompt_embeds(bundle, program, pictures, prompt), places, tuple(ids.tolist()))
