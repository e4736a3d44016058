"""What the C++ side makes of films in a prompt, in Python: sizes, pixels, ticks, timestamps, the prompt itself."""

import math
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from bundle_twin import coloured, cropped, fitting, picture_tokens, pixels, resize
from parity.films import Film
from slot_engine import Prompt, read_manifest


def ticks_of(groups: int, seconds_per_grid: float, ticks_per_second: int) -> list[int]:
    """Where each group of a film stands behind its beginning. In float32, as the reference: the seconds are rounded to
    it, then the ticks of one group, then those of k groups, of which what is behind the point is cut off."""
    step = np.float32(seconds_per_grid) * np.float32(ticks_per_second)
    return [int(np.float32(group) * step) for group in range(groups)]


def seconds_of(times: list[float], frames: int = 2) -> list[float]:
    """Of each group, the mean of its two frames; an odd last frame repeats itself. frames: of a group, or one"""
    padded = times + times[-1:] * (len(times) % frames)
    return [(first + last) / 2 for first, last in zip(padded[::frames], padded[frames - 1 :: frames])]


def film_size(frames: int, height: int, width: int, patch: int, least: int, most: int, whole: bool) -> tuple[int, int]:
    """The size nearest to the frames' own that is made of patches and within the bounds; whole: these are of all frames
    together, which count as an even number, and frames smaller than a patch grow first. Rounds half to even."""
    if whole and min(height, width) < patch:
        grown = max(patch / height, patch / width)
        height, width = int(height * grown), int(width * grown)
    counted, real = (2 * round(frames / 2), frames) if whole else (1, 1)
    down, across = round(height / patch) * patch, round(width / patch) * patch
    if counted * down * across > most:
        shrunk = math.sqrt(real * height * width / most)
        return tuple(max(patch, math.floor(side / shrunk / patch) * patch) for side in (height, width))
    if counted * down * across < least:
        grown = math.sqrt(least / (real * height * width))
        return tuple(math.ceil(side * grown / patch) * patch for side in (height, width))
    return down, across


def pixels_most(film: dict, frames: int, patch: int) -> int:
    """By the film's own bound and by that of its placeholders, of which each stands for two frames of a patch."""
    room = film["tokens_max"] * 2 * patch * patch
    return min(film["pixels_max"], room if film["pixels_of"] == "film" else room // (frames + frames % 2))


def size_of(manifest: dict, film: Film) -> tuple[int, int]:
    part, patch, frames = manifest["film"], manifest["image"]["patch"], len(film.frames)
    most = pixels_most(part, frames, patch)
    height, width = film.frames[0].shape[:2]
    return film_size(frames, height, width, patch, part["pixels_min"], most, part["pixels_of"] == "film")


def film_pixels(manifest: dict, film: Film) -> torch.Tensor:
    """[N,2,3,H,W], or of square frames [N,1,3,H,W]"""
    part = manifest["film"]
    if is_cropped(manifest):
        made = cropped(film.tensor(), [part["height"], part["width"]], part)
    else:
        made = resize(film.tensor(), list(size_of(manifest, film)))
    made = coloured(made, part if "mean" in part else manifest["image"])
    if len(made) % part["frames"]:
        made = torch.cat([made, made[-1:]])
    return made.unflatten(0, [-1, part["frames"]])


def is_cropped(manifest: dict) -> bool:
    return manifest["film"].get("recipe") == "crop"


def film_tokens(manifest: dict, film: Film) -> int:
    """Of one group."""
    if is_cropped(manifest):
        return manifest["film"]["group_tokens"]
    height, width = size_of(manifest, film)
    return height // manifest["image"]["patch"] * (width // manifest["image"]["patch"])


def film_ticks(manifest: dict, film: Film) -> list[int]:
    return ticks_of(len(seconds_of(film.times)), 2 / film.rate, manifest["film"]["ticks_per_second"])


def text_of(manifest: dict, one) -> str:
    if not isinstance(one, Film):
        return manifest["text"]["image_text"]
    part = manifest["film"]
    groups = [part["group_text"].replace("{seconds}", f"{time:.1f}") for time in seconds_of(one.times, part["frames"])]
    return part["text"].replace("{groups}", "".join(groups))


def counts_of(manifest: dict, one) -> list[int]:
    """Placeholders of a picture, or of each group of a film."""
    if not isinstance(one, Film):
        return [picture_tokens(manifest, one)]
    return [film_tokens(manifest, one)] * len(seconds_of(one.times, manifest["film"]["frames"]))


def prompt_ids(bundle, seen: list, prompt: str) -> torch.Tensor:
    """[T]"""
    manifest = read_manifest(bundle)
    text, counts = manifest["text"], [count for one in seen for count in counts_of(manifest, one)]
    shown = "".join(text_of(manifest, one) for one in seen)
    tokenizer = Tokenizer.from_file(str(Path(bundle) / manifest["tokenizer"]["file"]))
    words = tokenizer.encode(text["template"].replace("{images}", shown).replace("{prompt}", prompt)).ids
    placeholders = (text["image_token"], manifest["film"]["token"])
    assert sum(word in placeholders for word in words) == len(counts)
    following = iter(counts)
    return torch.tensor([id_ for word in words for id_ in [word] * (next(following) if word in placeholders else 1)])


def grids_of(manifest: dict, seen: list) -> torch.Tensor:
    """[P,4]: frames, height, width in pixels, tick"""
    rows = []
    for one in seen:
        if isinstance(one, Film):
            rows += [[2, *size_of(manifest, one), tick] for tick in film_ticks(manifest, one)]
        else:
            rows.append([1, *fitting(one, manifest["image"]), 0])
    return torch.tensor(rows)


def features_of(manifest: dict, program, one) -> torch.Tensor:
    """[K,E]"""
    if isinstance(one, Film):
        return program.encode_frames(film_pixels(manifest, one)).flatten(0, 1)
    seen = program.encode(pixels(manifest["image"], one))
    return program.pack(seen, one.height, one.width) if manifest["image"]["recipe"] == "anyres" else seen[0]


def film_prompt(bundle, program, seen: list, prompt: str) -> Prompt:
    """All that the first step of a sequence of films and pictures is given."""
    manifest, ids = read_manifest(bundle), prompt_ids(bundle, seen, prompt)
    features = torch.cat([features_of(manifest, program, one) for one in seen])
    places = None if is_cropped(manifest) else program.place(ids, grids_of(manifest, seen))
    return Prompt(program.embed(ids, features), places, tuple(ids.tolist()))
