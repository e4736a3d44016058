"""Raw files of the tests, and what the built program makes of them."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import rawpy

from media.dng import LONG, SUB_DIRECTORIES, TiffWriter, camera_fields, jpeg_of, make_dng, raw_fields, sensor_values

ROOT = Path(__file__).resolve().parents[2]
PROBE = Path(os.environ.get("VIGNETTE_PROBE", ROOT / "build/release/decode_probe"))

RED, GREEN, BLUE = (250, 10, 10), (10, 250, 10), (10, 10, 250)
SMALL, MIDDLE, LARGE = (160, 120), (320, 240), (640, 480)
SENSOR = sensor_values(800, 600)
HALF = (400, 300)


def decode(folder, encoded, cover=(224, 224), **options):
    return decode_all(folder, {"picture.dng": encoded}, cover, **options)[0]


def decode_all(folder, files, cover=(224, 224), header=False):
    """What the probe says of each file; its pixels come along where it has any."""
    for name, encoded in files.items():
        (folder / name).write_bytes(encoded)
    command = [PROBE, "--cover", f"{cover[0]}x{cover[1]}", "--pixels", folder, *(["--header"] if header else [])]
    done = subprocess.run([*command, *(folder / name for name in files)], capture_output=True, text=True, check=True)
    assert done.stderr == "", "a decoder complained on standard error"
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(files)
    for one, name in zip(told, files):
        if "mean" in one:
            width, height = one["size"]
            one["pixels"] = np.fromfile(folder / f"{name}.rgb", np.uint8).reshape(height, width, 3)
    return told


def preview(colour, size, **options):
    return jpeg_of(colour, size, **options), size


def dng(*previews, **options):
    return make_dng(list(previews), SENSOR, **options)


def dng_of(build, camera=()):
    """A DNG whose first directory `build` makes, given the writer and where the raw directory lies."""
    tiff = TiffWriter()
    raw = tiff.directory(raw_fields(tiff, SENSOR))
    fields, following = build(tiff, raw)
    return tiff.finish(tiff.directory(fields + camera_fields() + list(camera), following))


def only_subs(tiff, raw, *others):
    """A first directory without a picture of its own, as some cameras write it."""
    return [(SUB_DIRECTORIES, LONG, [*others, raw])]


THREE = preview(RED, SMALL), preview(GREEN, MIDDLE), preview(BLUE, LARGE)


def by_rawpy(file):
    with rawpy.imread(str(file)) as raw:
        return raw.postprocess(half_size=True, use_camera_wb=True, no_auto_bright=True, user_flip=0, output_bps=8)
