"""Writes DNG files, right ones and wrong ones: for tests and benchmarks, which cannot ship a camera's."""

import io
import struct
from fractions import Fraction

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL = 1, 2, 3, 4, 5, 7, 10
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1, SRATIONAL: 8}
LETTERS = {BYTE: "B", SHORT: "H", LONG: "I"}

SUB_DIRECTORIES = 330
BLACK, WHITE = 64, 4095


class TiffWriter:
    """From the inside out: first the pixels, then the directories that point at them, at last `finish`."""

    def __init__(self, big_endian=False):
        self.order = ">" if big_endian else "<"
        self.bytes = bytearray((b"MM\0*" if big_endian else b"II*\0") + bytes(4))

    def blob(self, data):
        """Where the data lies now."""
        self.bytes += bytes(len(self.bytes) % 2)
        self.bytes += data
        return len(self.bytes) - len(data)

    def directory(self, fields, following=0):
        """Where the directory of these (tag, type, values) begins."""
        entries = b""
        for tag, kind, values in sorted(fields, key=lambda field: field[0]):
            data = self.pack(kind, values)
            count = len(data) // SIZES[kind]
            place = data.ljust(4, b"\0") if len(data) <= 4 else self.pack(LONG, [self.blob(data)])
            entries += struct.pack(self.order + "HHI", tag, kind, count) + place
        number = struct.pack(self.order + "H", len(fields))
        return self.blob(number + entries + self.pack(LONG, [following]))

    def pack(self, kind, values):
        if kind in (ASCII, UNDEFINED):
            return values
        if kind in (RATIONAL, SRATIONAL):
            letter = "I" if kind == RATIONAL else "i"
            numbers = [part for value in values for part in Fraction(value).limit_denominator(10000).as_integer_ratio()]
            return struct.pack(f"{self.order}{len(numbers)}{letter}", *numbers)
        return struct.pack(f"{self.order}{len(values)}{LETTERS[kind]}", *values)

    def follow(self, directory, following):
        """Changes which directory comes after this one."""
        count = struct.unpack_from(self.order + "H", self.bytes, directory)[0]
        struct.pack_into(self.order + "I", self.bytes, directory + 2 + 12 * count, following)

    def finish(self, first):
        struct.pack_into(self.order + "I", self.bytes, 4, first)
        return bytes(self.bytes)


def jpeg_of(colour, size, **options):
    """A JPEG of one plain colour: whoever decodes it sees which one it was."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "JPEG", **{"quality": 90, **options})
    return stream.getvalue()


def sensor_values(width, height, noise=None):
    """A Bayer mosaic (red first) of smooth waves; with `noise` the grain of a camera, of that many steps."""
    import numpy as np

    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    values = 1500 + 750 * np.sin(x / 40) + 500 * np.cos(y / 30)
    values[0::2, 0::2] *= 0.8
    values[1::2, 1::2] *= 0.6
    if noise:
        values += np.random.default_rng(5).normal(0, noise, values.shape).astype(np.float32)
    return values.clip(BLACK, WHITE).astype(np.uint16)


def seen_by_sensor(picture, noise=2):
    """The mosaic of which a developer makes this picture again, and the grain of a camera."""
    import numpy as np

    shades = np.arange(256) / 255
    light = np.where(shades < 0.081, shades / 4.5, ((shades + 0.099) / 1.099) ** (1 / 0.45))
    steps = (BLACK + 16 + light * (WHITE - BLACK - 32)).astype(np.int16)
    pixels = np.asarray(picture)
    values = np.empty(pixels.shape[:2], np.int16)
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        values[row::2, column::2] = steps[pixels[row::2, column::2, channel]]
    grain = np.random.default_rng(5).normal(0, noise, (500, 500)).astype(np.int16)
    tiles = [-(-side // 500) for side in values.shape]
    values += np.tile(grain, tiles)[: values.shape[0], : values.shape[1]]
    return values.clip(BLACK, WHITE).astype(np.uint16)


def camera_file(picture, size, previews):
    """As a camera would have written it: compressed without loss, with previews, which are (picture, size)."""
    from PIL import Image

    def encode(picture, size):
        stream = io.BytesIO()
        picture.resize(size, Image.BICUBIC).save(stream, "JPEG", quality=88)
        return stream.getvalue(), size

    values = seen_by_sensor(picture.resize(size, Image.BICUBIC))
    return make_dng([encode(*one) for one in previews], values, compressed=True, colours=SRGB)


def raw_fields(tiff, values, compressed=False, **changes):
    """The directory of the sensor's values, as one strip or, compressed without loss, as tiles."""
    height, width = values.shape
    fields = {
        254: (LONG, [0]),
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [16]),
        262: (SHORT, [32803]),
        277: (SHORT, [1]),
        33421: (SHORT, [2, 2]),
        33422: (BYTE, [0, 1, 1, 2]),
        50711: (SHORT, [1]),
        50714: (SHORT, [BLACK]),
        50717: (LONG, [WHITE]),
    }
    if compressed:
        fields |= {259: (SHORT, [7]), **compressed_tiles(tiff, values)}
    else:
        data = values.astype(tiff.order + "u2").tobytes()
        fields |= {259: (SHORT, [1]), 273: (LONG, [tiff.blob(data)]), 278: (LONG, [height]), 279: (LONG, [len(data)])}
    return as_fields(fields, changes)


def compressed_tiles(tiff, values, side=512):
    import imagecodecs
    import numpy as np

    height, width = values.shape
    offsets, sizes = [], []
    for top in range(0, height, side):
        for left in range(0, width, side):
            tile = values[top : top + side, left : left + side]
            padding = [(0, side - tile.shape[0]), (0, side - tile.shape[1])]
            # Two rows in one: then above each value lies one of its own colour, and what is predicted comes true.
            rows = np.pad(tile, padding, mode="edge").reshape(side // 2, side * 2)
            data = imagecodecs.ljpeg_encode(rows, bitspersample=14)
            offsets.append(tiff.blob(data))
            sizes.append(len(data))
    return {322: (LONG, [side]), 323: (LONG, [side]), 324: (LONG, offsets), 325: (LONG, sizes)}


def preview_fields(tiff, jpeg, size, tiled=False, **changes):
    offset = tiff.blob(jpeg)
    fields = {
        254: (LONG, [1]),
        256: (LONG, [size[0]]),
        257: (LONG, [size[1]]),
        258: (SHORT, [8, 8, 8]),
        259: (SHORT, [7]),
        262: (SHORT, [6]),
        277: (SHORT, [3]),
    }
    if tiled:
        fields |= {322: (LONG, [size[0]]), 323: (LONG, [size[1]]), 324: (LONG, [offset]), 325: (LONG, [len(jpeg)])}
    else:
        fields |= {273: (LONG, [offset]), 278: (LONG, [size[1]]), 279: (LONG, [len(jpeg)])}
    return as_fields(fields, changes)


def as_fields(fields, changes):
    """Changes are named by tag, `t274=(SHORT, [6])`; None takes a field away."""
    merged = {**fields, **{int(name[1:]): value for name, value in changes.items()}}
    return [(tag, *value) for tag, value in merged.items() if value]


ARTIFICIAL = [1, 0, 0, 0, 1, 0, 0, 0, 1], [0.5, 1, 0.6]  # colour matrix and white of a camera that nobody built
SRGB = [3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.204, 1.057], [1, 1, 1]  # sees as screens show


def camera_fields(orientation=1, taken=b"2026:05:01 12:30:00\0", colours=ARTIFICIAL):
    """What makes a TIFF a DNG; for its first directory."""
    matrix, white = colours
    return [
        (271, ASCII, b"Synth\0"),
        (272, ASCII, b"Cam 1\0"),
        (274, SHORT, [orientation]),
        (306, ASCII, taken),
        (50706, BYTE, [1, 4, 0, 0]),
        (50707, BYTE, [1, 1, 0, 0]),
        (50708, ASCII, b"Synth Cam 1\0"),
        (50721, SRATIONAL, matrix),
        (50728, RATIONAL, white),
        (50778, SHORT, [21]),
    ]


def make_dng(previews, values, big_endian=False, compressed=False, reverse=False, **camera):
    """Previews are (JPEG bytes, size); the first lies in IFD0, the others and the raw picture in SubIFDs."""
    tiff = TiffWriter(big_endian)
    subs = [tiff.directory(preview_fields(tiff, *one)) for one in previews[1:]]
    raw = raw_fields(tiff, values, compressed)
    camera = camera_fields(**camera)
    if not previews:
        return tiff.finish(tiff.directory(raw + camera))
    subs.append(tiff.directory(raw))
    if reverse:
        subs.reverse()
    first = preview_fields(tiff, *previews[0]) + camera + [(SUB_DIRECTORIES, LONG, subs)]
    return tiff.finish(tiff.directory(first))
