"""Films in one prompt: what the manifest says of their frames, as the reference's video processor has it.

Frames keep their shape (recipe "fit", which the manifest does not name), or their shortest edge gets a length and the
middle is shown ("crop").
"""

from pathlib import Path
from typing import NamedTuple

from export.errors import ExportError
from export.files import first_line, read_json
from export.generation import check_tokens
from export.images import folded_colours, image_processor, is_pillow

# Placeholders of a film. The published files allow some ten thousand, which no slot holds; so many leave it room for
# pictures beside the film, a prompt and an answer.
TOKENS_MAX = 2048
PIXELS_OF = {"Qwen2VLVideoProcessor": "frame", "Qwen3VLVideoProcessor": "film"}  # what the bounds are of
AS_OF_PICTURES = ("do_resize", "do_rescale", "do_normalize", "resample", "rescale_factor", "image_mean", "image_std")
CELLS_AS_OF_PICTURES = ("patch_size", "merge_size", "temporal_patch_size")


class FilmText(NamedTuple):
    """What stands in the prompt for a film, and in that for each group of its frames."""

    text: str
    group_text: str
    ticks_per_second: int  # 0 where words tell the time


def film_part(config, snapshot: Path, images, wording: FilmText) -> dict:
    """The manifest's part "film"; empty for a snapshot that has no placeholder for films. images: the processor of the
    pictures, with which that of the films must agree."""
    if "video_token_id" not in read_json(snapshot / "config.json"):
        return {}
    check_tokens([("video_token_id", config.video_token_id)], config.text_config.vocab_size)
    films = video_processor(snapshot)
    check_processor(films, images)
    least, most = bounds_of(films)
    return {
        "film": {
            "frames": films.temporal_patch_size,
            "token": config.video_token_id,
            "text": wording.text,
            "group_text": wording.group_text,
            "pixels_of": PIXELS_OF[type(films).__name__],
            "pixels_min": least,
            "pixels_max": most,
            "tokens_max": TOKENS_MAX,
            "ticks_per_second": wording.ticks_per_second,
        }
    }


def video_processor(snapshot: Path):
    """From whichever file has it, in the reference's order: processor_config.json, video_preprocessor_config.json,
    preprocessor_config.json; what they leave out is the class's."""
    from transformers import AutoVideoProcessor

    try:
        return AutoVideoProcessor.from_pretrained(snapshot, local_files_only=True)
    except Exception as error:
        raise ExportError(f"the video processor of {snapshot} cannot be used: {first_line(error)}") from error


def cropped_film_part(config, snapshot: Path, films, wording: FilmText, *, tokens: int, most: int) -> dict:
    """The same of a model whose frames all have one size. films: their processor; tokens: of a frame; most: of a
    film."""
    check_tokens([("video_token_index", config.video_token_index)], config.text_config.vocab_size)
    images = image_processor(snapshot)
    check_alike(films, images, AS_OF_PICTURES)
    side = config.vision_config.image_size
    edge, height, width = films.size.shortest_edge, films.crop_size.height, films.crop_size.width
    if not films.do_center_crop or films.size.longest_edge or not edge or (height, width) != (side, side):
        raise ExportError(
            f"the video processor makes frames of {width}x{height} of the shortest edge {edge}, and the vision model "
            f"in config.json takes {side}x{side}, cut out of the middle"
        )
    return {
        "film": {
            "recipe": "crop",
            "width": width,
            "height": height,
            "shortest_edge": edge,
            "frames": 1,
            "token": config.video_token_index,
            "text": wording.text,
            "group_text": wording.group_text,
            "group_tokens": tokens,
            "tokens_max": most,
        }
        | (folded_colours(films) if is_pillow(images) else {})
    }


def video_processor_of_squares(snapshot: Path, known: type):
    """From the same files. Where only pictures have a file, AutoVideoProcessor makes LlavaNextVideoProcessor of their
    LlavaNextImageProcessor, which is that of everything, and asks it again without end. known: the only class that is
    taken"""
    try:
        found, _ = known.get_video_processor_dict(snapshot, local_files_only=True)
        films = known.from_dict(found)
    except Exception as error:
        raise ExportError(f"the video processor of {snapshot} cannot be used: {first_line(error)}") from error
    check_class(found.get("video_processor_type", known.__name__), [known.__name__])
    return films


def check_processor(films, images) -> None:
    check_class(type(films).__name__, list(PIXELS_OF))
    check_alike(films, images, AS_OF_PICTURES + CELLS_AS_OF_PICTURES)
    if films.cap_pixels_per_frame:
        raise ExportError("the video processor has cap_pixels_per_frame on, which cannot be exported")


def check_class(name: str, known: list[str]) -> None:
    if name not in known:
        raise ExportError(f"the video processor is a {name}; only {' and '.join(known)} can be exported")


def check_alike(films, images, names: tuple[str, ...]) -> None:
    """Pixels of films are made as those of pictures."""
    for name in names:
        ours, theirs = (plain(getattr(processor, name)) for processor in (films, images))
        if ours != theirs:
            raise ExportError(f"the video processor has {name} {ours}, and that of pictures {theirs}; they must agree")


def plain(value):
    return list(value) if isinstance(value, tuple) else value


def bounds_of(films) -> tuple[int, int]:
    """The least and the most pixels, which the files call edges."""
    least, most, cell = films.size.shortest_edge, films.size.longest_edge, films.patch_size * films.merge_size
    if not least or not most or not 0 < least <= most or most < cell * cell:
        raise ExportError(f"the video processor has the size {least} to {most}, which are no areas of films")
    if least > TOKENS_MAX * cell * cell:
        raise ExportError(f"the video processor asks for {least} pixels; only {TOKENS_MAX * cell * cell} are taken")
    return least, most
