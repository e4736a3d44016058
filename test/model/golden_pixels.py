"""Pixels as transformers' own processors make them, of everyday pictures and of strips.

For the recipes "crop", "small_crop" (the shortest edge is shorter than the crop), "pillow" (a crop without torch),
"anyres" and "fit", and each picture N: RECIPE.image.N, RECIPE.pixels.N, and of the latter two RECIPE.tokens.N. The
numbers of the recipes stand in preprocess_test.cpp, too; "mean" and "std" are folded as in a manifest, and those of
"pillow" are "plain_mean" and "plain_std".
"""

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPImageProcessor, LlavaNextImageProcessor, Qwen2VLImageProcessor, VideoLlavaImageProcessor

SIDE, EDGE, SMALL_EDGE, PATCH = 28, 32, 20, 7
PINPOINTS = [[28, 56], [56, 28], [56, 56], [84, 28], [28, 84]]
SIZES = [(1, 1), (1, 90), (90, 1), (2, 300), (300, 2), (28, 28), (56, 28), (29, 27), (640, 480), (33, 1000), (7, 6000)]
STRIP = (20_000, 1)
FIT_PATCH, FIT_LEAST, FIT_MOST, FIT_RATIO = 14, 4 * 28 * 28, 40 * 28 * 28, 200  # the ratio is the reference's
DRAWN = 40


def fold(values: list[float]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32) * (1.0 / 0.00392156862745098)


def tokens(processor, width: int, height: int) -> int:
    """By the reference's own count, on a processor of which only the arithmetic is used."""
    from transformers import LlavaNextProcessor

    counter = object.__new__(LlavaNextProcessor)
    counter.image_processor, counter.patch_size, counter.num_additional_image_tokens = processor, PATCH, 0
    return counter._get_number_of_features(height, width, SIDE, SIDE)


def as_picture(patches: torch.Tensor, grid: torch.Tensor, patch: int) -> torch.Tensor:
    """Cells of 2x2 patches, each shown in two frames, as the picture [1,3,H,W] that they were cut from."""
    height, width = int(grid[1]), int(grid[2])
    cells = patches.view(height // 2, width // 2, 2, 2, 3, 2, patch, patch)
    assert torch.equal(cells[..., 0, :, :], cells[..., 1, :, :])
    picture = cells[..., 0, :, :].permute(4, 0, 2, 5, 1, 3, 6)
    return picture.reshape(1, 3, height * patch, width * patch).contiguous()


def fit(image: Image.Image) -> tuple[torch.Tensor, int]:
    area = {"shortest_edge": FIT_LEAST, "longest_edge": FIT_MOST}
    made = Qwen2VLImageProcessor(patch_size=FIT_PATCH, size=area)(image, return_tensors="pt")
    grid = made["image_grid_thw"][0]
    return as_picture(made["pixel_values"], grid, FIT_PATCH), int(grid.prod()) // 4


def write_fit(random, sizes: list[tuple[int, int]], tensors: dict) -> None:
    fitting = [size for size in sizes if max(size) <= FIT_RATIO * min(size)]
    for number, (width, height) in enumerate(fitting):
        image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        pixels, cells = fit(Image.fromarray(image))
        tensors[f"fit.image.{number}"] = torch.from_numpy(image)
        tensors[f"fit.pixels.{number}"] = pixels
        tensors[f"fit.tokens.{number}"] = torch.tensor([cells])


def write_pillow(random, sizes: list[tuple[int, int]], tensors: dict) -> None:
    square = {"height": SIDE, "width": SIDE}
    processor = VideoLlavaImageProcessor(size={"shortest_edge": EDGE}, crop_size=square)
    tensors["plain_mean"], tensors["plain_std"] = map(torch.tensor, (processor.image_mean, processor.image_std))
    # The reference takes three or one lines for channels.
    for number, (width, height) in enumerate(size for size in sizes if size[1] not in (1, 3)):
        image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        made = processor(Image.fromarray(image), return_tensors="pt")["pixel_values_images"]
        tensors[f"pillow.image.{number}"] = torch.from_numpy(image)
        tensors[f"pillow.pixels.{number}"] = made.contiguous()


def write(file) -> None:
    random = np.random.default_rng(11)
    square = {"height": SIDE, "width": SIDE}
    recipes = {
        "crop": CLIPImageProcessor(size={"shortest_edge": EDGE}, crop_size=square),
        "small_crop": CLIPImageProcessor(size={"shortest_edge": SMALL_EDGE}, crop_size=square),
        "anyres": LlavaNextImageProcessor(
            size={"shortest_edge": SIDE}, crop_size=square, image_grid_pinpoints=PINPOINTS
        ),
    }
    sizes = SIZES + [tuple(int(side) for side in random.integers(1, 260, 2)) for _ in range(DRAWN)]
    tensors = {"mean": fold(recipes["crop"].image_mean), "std": fold(recipes["crop"].image_std)}
    for name, processor in recipes.items():
        # one that is resized in parts, because the whole would be too much
        for number, (width, height) in enumerate(sizes + [STRIP] * (name == "crop")):
            image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
            made = processor(Image.fromarray(image), return_tensors="pt")["pixel_values"]
            tensors[f"{name}.image.{number}"] = torch.from_numpy(image)
            tensors[f"{name}.pixels.{number}"] = (made[0] if made.dim() == 5 else made).contiguous()
            if name == "anyres":
                tensors[f"{name}.tokens.{number}"] = torch.tensor([tokens(processor, width, height)])
    write_fit(random, sizes, tensors)
    write_pillow(random, [*sizes, (150, 301), (151, 300), (40, 81), (33, 65)], tensors)
    save_file(tensors, file)
