"""The recipe of the pictures: what the reference's image processor does, as the manifest spells it.

Every recipe resizes bytes (bicubic, antialiased) and ends with (byte - mean) / std in float32, with the factor 1/255
folded into both. A processor that has no torchvision behind it resizes as Pillow does, and multiplies by the factor
first ("resample": "pillow"). The recipes:
  stretch   to width x height
  crop      the shortest edge to n, then width x height from the middle, black where it is too small
  anyres    LLaVA-NeXT's tiles: the whole picture as one tile, then the parts of the best of the pinpoints
  fit       Qwen-VL's: to about its own shape, each side a multiple of `patch` (the side of what becomes one
            placeholder), with pixels_min to pixels_max pixels
"""

import math
from pathlib import Path

from export.errors import ExportError
from export.files import first_line

BICUBIC = 3  # PIL's number, as preprocessor_config.json has it
FILE = "preprocessor_config.json"

# Placeholders of a picture. The published files of Qwen-VL allow 16,384 of them, so that a photo of 12 megapixels would
# take 15,301 rows of the cache and seconds to read, for a caption that this many tell as well.
FIT_PATCHES_MAX = 1280
FIT_RATIO_MAX = 200  # of a picture's sides: the reference refuses what is longer


def image_processor(folder: Path):
    from transformers import AutoImageProcessor

    try:
        return AutoImageProcessor.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        raise ExportError(f"{folder}/preprocessor_config.json cannot be used: {first_line(error)}") from error


def image_part(processor, config) -> dict:
    side = getattr(config.vision_config, "image_size", 0)
    for flag in ("do_rescale", "do_normalize"):
        if not getattr(processor, flag, None):
            raise ExportError(f"{FILE} has {flag} off, which cannot be exported")
    if processor.resample is None or int(processor.resample) != BICUBIC:
        raise ExportError(f"{FILE} has resample {processor.resample}; only 3 (bicubic) can be exported")
    if getattr(processor, "pad_size", None):
        raise ExportError(f"{FILE} has pad_size, which cannot be exported")
    if getattr(config, "image_grid_pinpoints", None):
        recipe = _anyres(processor, config, side)
    elif getattr(processor, "merge_size", None):
        recipe = _fit(processor, config.vision_config)
    elif getattr(processor, "do_center_crop", None):
        recipe = _crop(processor, side)
    else:
        recipe = _stretch(processor, side)
    return recipe | (_pillow_colours(processor) if is_pillow(processor) else _torch_colours(processor))


def is_pillow(processor) -> bool:
    """The only one of our families that AutoImageProcessor has no other for."""
    return type(processor).__name__ == "VideoLlavaImageProcessor"


def _torch_colours(processor) -> dict:
    return {"resample": "bicubic"} | folded_colours(processor)


def _pillow_colours(processor) -> dict:
    """As numbers of float32, which are exact as JSON's doubles."""
    mean, std = (_folded(values, 1.0) for values in (processor.image_mean, processor.image_std))
    return {"resample": "pillow", "rescale": processor.rescale_factor, "mean": mean, "std": std}


def folded_colours(processor) -> dict:
    return {
        "mean": _folded(processor.image_mean, processor.rescale_factor),
        "std": _folded(processor.image_std, processor.rescale_factor),
    }


def _stretch(processor, side: int) -> dict:
    _require_resize(processor)
    _require_size(processor.size, side)
    return {"recipe": "stretch", "width": side, "height": side}


def _crop(processor, side: int) -> dict:
    _require_resize(processor)
    _require_size(processor.crop_size, side)
    edge = _shortest_edge(processor)
    if is_pillow(processor) and edge < side:
        raise ExportError(
            f"{FILE} has the shortest edge {edge}, less than the {side} of a picture: it cannot be padded"
        )
    return {"recipe": "crop", "width": side, "height": side, "shortest_edge": edge}


def _anyres(processor, config, side: int) -> dict:
    _require_size(processor.crop_size, side)
    if _side_of(processor.size) != side and _shortest_edge(processor) != side:
        raise ExportError(
            f"{FILE} makes tiles of size {_spell_size(processor.size)}, and the vision model in config.json takes "
            f"{side}x{side}"
        )
    pinpoints = [list(pinpoint) for pinpoint in config.image_grid_pinpoints]
    if pinpoints != [list(pinpoint) for pinpoint in processor.image_grid_pinpoints]:
        raise ExportError(f"image_grid_pinpoints is {pinpoints} in config.json, and something else in {FILE}")
    for height, width in pinpoints:
        if height % side or width % side or not height or not width:
            raise ExportError(f"image_grid_pinpoints has {height}x{width}, which is not made of tiles of {side}x{side}")
    patch = config.vision_config.patch_size
    return {"recipe": "anyres", "width": side, "height": side, "pinpoints": pinpoints, "patch": patch}


def _fit(processor, vision) -> dict:
    _require_resize(processor)
    for name, wanted in {
        "patch_size": vision.patch_size,
        "merge_size": vision.spatial_merge_size,
        "temporal_patch_size": vision.temporal_patch_size,
    }.items():
        if getattr(processor, name) != wanted:
            raise ExportError(f"{FILE} has {name} {getattr(processor, name)}, and config.json says {wanted}")
    patch = processor.patch_size * processor.merge_size
    least, most = processor.size.shortest_edge, processor.size.longest_edge  # areas, whatever their names say
    if not least or not most or not 0 < least <= most or most < patch * patch:
        raise ExportError(f"{FILE} has the size {_spell_size(processor.size)}, which are no areas of pictures")
    if least > FIT_PATCHES_MAX * patch * patch:
        raise ExportError(f"{FILE} asks for {least} pixels or more; only {FIT_PATCHES_MAX * patch * patch} are taken")
    return {
        "recipe": "fit",
        "patch": patch,
        "pixels_min": least,
        "pixels_max": min(most, FIT_PATCHES_MAX * patch * patch),
    }


def fit_patches_max(image: dict) -> int:
    """The most placeholders that a picture of the recipe "fit" takes. A side is at least one of them, so that a thin
    strip may have more than pixels_max says; and what is enlarged is rounded up on both sides."""
    area = image["patch"] ** 2
    most, least = image["pixels_max"] // area, -(-image["pixels_min"] // area)
    enlarged = least + math.isqrt(least * FIT_RATIO_MAX) + math.isqrt(least // FIT_RATIO_MAX) + 3
    return max(most, math.isqrt(most * FIT_RATIO_MAX), enlarged)


def _require_resize(processor) -> None:
    if not processor.do_resize:
        raise ExportError(f"{FILE} has do_resize off, which cannot be exported")


def _shortest_edge(processor) -> int:
    size = _named(processor.size)
    if not size.shortest_edge or size.longest_edge:
        raise ExportError(f"{FILE} has the size {_spell_size(processor.size)}; with a crop it must be a shortest_edge")
    return size.shortest_edge


def _side_of(size) -> int | None:
    size = _named(size)
    return size.height if size.height == size.width else None


def _named(size):
    """Older processors have a dict."""
    from transformers.image_utils import SizeDict

    return SizeDict(**size) if isinstance(size, dict) else size or SizeDict()


def _require_size(size, side: int) -> None:
    if _side_of(size) != side:
        raise ExportError(
            f"{FILE} makes pictures of size {_spell_size(size)}, "
            f"and the vision model in config.json takes {side}x{side}"
        )


def _spell_size(size) -> str:
    if not size:
        return "unknown"
    return ", ".join(f"{key} {value}" for key, value in dict(size).items() if value is not None)


def _folded(values, factor: float) -> list[float]:
    """In the reference's order of arithmetic: float32 times 1/factor. A float32 is exact as JSON's double."""
    import torch

    return (torch.tensor(values, dtype=torch.float32) * (1.0 / factor)).tolist()
