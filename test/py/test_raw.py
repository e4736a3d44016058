"""Camera raw: of each file the right preview, told by its colour."""

import numpy as np
import pytest
from PIL import Image

from media.dng import BYTE, LONG, SHORT, TiffWriter, camera_fields, jpeg_of, preview_fields, raw_fields
from raw_files import (
    BLUE,
    GREEN,
    LARGE,
    MIDDLE,
    RED,
    SENSOR,
    SMALL,
    THREE,
    decode,
    decode_all,
    dng,
    dng_of,
    only_subs,
    preview,
)


def chained(tiff, raw):
    second = tiff.directory(preview_fields(tiff, *preview(GREEN, MIDDLE)))
    return preview_fields(tiff, *preview(RED, SMALL)) + only_subs(tiff, raw), second


def old_style(tiff, raw):
    """A JPEG by its own pair of tags, as in EXIF's thumbnails."""
    jpeg = jpeg_of(GREEN, MIDDLE)
    second = tiff.directory([(259, SHORT, [6]), (513, LONG, [tiff.blob(jpeg)]), (514, LONG, [len(jpeg)])])
    return only_subs(tiff, raw), second


def as_canon_writes(tiff, raw):
    """Without saying what its colours are."""
    fields = preview_fields(tiff, *preview(GREEN, MIDDLE), t259=(SHORT, [6]), t262=None)
    return fields + only_subs(tiff, raw), 0


def tiled(tiff, raw):
    return preview_fields(tiff, *preview(GREEN, MIDDLE), tiled=True) + only_subs(tiff, raw), 0


def in_two_strips(tiff, raw):
    """Each strip is a JPEG by itself: neither is the picture."""
    strips = [jpeg_of(RED, (320, 240)), jpeg_of(RED, (320, 240))]
    pieces = {"t273": (LONG, [tiff.blob(one) for one in strips]), "t279": (LONG, [len(one) for one in strips])}
    other = tiff.directory(preview_fields(tiff, *preview(GREEN, LARGE)))
    return preview_fields(tiff, strips[0], (320, 480), **pieces) + only_subs(tiff, raw, other), 0


def with_bad_one(size, bad, **changes):
    """In IFD0 one that is not to be taken, beside it a good one, larger."""

    def build(tiff, raw):
        good = tiff.directory(preview_fields(tiff, *preview(GREEN, LARGE)))
        return preview_fields(tiff, bad, size, **changes) + only_subs(tiff, raw, good), 0

    return dng_of(build)


def uncompressed(tiff, raw):
    pixels = bytes(RED * (320 * 240))
    good = tiff.directory(preview_fields(tiff, *preview(GREEN, LARGE)))
    thumbnail = preview_fields(tiff, pixels, MIDDLE, t259=(SHORT, [1]), t262=(SHORT, [2]))
    return thumbnail + only_subs(tiff, raw, good), 0


def looped():
    """IFD0 is followed by itself, and so is the preview's directory, which names IFD0 and itself as parts."""
    tiff = TiffWriter()
    raw = tiff.directory(raw_fields(tiff, SENSOR))
    part = tiff.directory(preview_fields(tiff, *preview(GREEN, MIDDLE), t330=(LONG, [0])), 0)
    first = tiff.directory(
        preview_fields(tiff, *preview(RED, SMALL)) + camera_fields() + only_subs(tiff, raw, part, part)
    )
    tiff.follow(first, first)
    tiff.follow(part, first)
    loop = tiff.directory(preview_fields(tiff, *preview(GREEN, MIDDLE), t330=(LONG, [first])), part)
    tiff.follow(raw, loop)
    return tiff.finish(first)


def self_referencing():
    """A SubIFD that is its own SubIFD: the offset is known only when it has been written."""
    tiff = TiffWriter()
    raw = tiff.directory(raw_fields(tiff, SENSOR))
    fields = preview_fields(tiff, *preview(GREEN, MIDDLE), t330=(LONG, [0x7FFFFFFF]))
    part = tiff.directory(fields)
    place = tiff.bytes.rindex(tiff.pack(LONG, [0x7FFFFFFF]))
    tiff.bytes[place : place + 4] = tiff.pack(LONG, [part])
    first = preview_fields(tiff, *preview(RED, SMALL)) + camera_fields() + only_subs(tiff, raw, part)
    return tiff.finish(tiff.directory(first))


GOOD_JPEG = jpeg_of(RED, MIDDLE)
VARIANTS = {  # each: the file; how large the preview is that must be taken, and green means the right one
    "one preview": (lambda: dng(preview(GREEN, MIDDLE)), MIDDLE),
    "one that is larger than needed": (lambda: dng(preview(GREEN, (1200, 900))), (1200, 900)),
    "three, the smallest first": (lambda: dng(*THREE), MIDDLE),
    "three, the largest first": (lambda: dng(*THREE[::-1]), MIDDLE),
    "three, SubIFDs reversed": (lambda: dng(*THREE, reverse=True), MIDDLE),
    "big-endian": (lambda: dng(*THREE, big_endian=True), MIDDLE),
    "compressed sensor values": (lambda: dng(*THREE, compressed=True), MIDDLE),
    "in a chained directory": (lambda: dng_of(chained), MIDDLE),
    "as JPEGInterchangeFormat": (lambda: dng_of(old_style), MIDDLE),
    "as a single tile": (lambda: dng_of(tiled), MIDDLE),
    "as Canon writes it": (lambda: dng_of(as_canon_writes), MIDDLE),
    "progressive": (lambda: dng(preview(GREEN, MIDDLE, progressive=True)), MIDDLE),
    "looped directories": (looped, MIDDLE),
    "a SubIFD of itself": (self_referencing, MIDDLE),
    "one in two strips": (lambda: dng_of(in_two_strips), LARGE),
    "an uncompressed one": (lambda: dng_of(uncompressed), LARGE),
    "a truncated one": (lambda: with_bad_one(MIDDLE, GOOD_JPEG[: len(GOOD_JPEG) * 2 // 3]), LARGE),
    "one of rubbish": (lambda: with_bad_one(MIDDLE, bytes(range(256)) * 20), LARGE),
    "an empty one": (lambda: with_bad_one(MIDDLE, b""), LARGE),
    "one behind the end": (lambda: with_bad_one(MIDDLE, GOOD_JPEG, t273=(LONG, [0xFFFFFFF0])), LARGE),
    "one that only says it is large": (lambda: with_bad_one((4000, 3000), jpeg_of(RED, (100, 80))), LARGE),
    "one that is a mask": (lambda: with_bad_one(MIDDLE, GOOD_JPEG, t254=(LONG, [4])), LARGE),
    "one that only says it is small": (lambda: dng((jpeg_of(GREEN, MIDDLE), (10, 10)), THREE[2]), MIDDLE),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_smallest_preview_that_is_large_enough_is_taken(tmp_path, name):
    make, size = VARIANTS[name]
    told = decode(tmp_path, make())
    assert (told["format"], told["path"], tuple(told["size"])) == ("raw", "preview", size)
    assert told["mean"] == pytest.approx(GREEN, abs=3)
    assert (told["full"], told["taken"]) == ([800, 600], "2026-05-01T12:30:00")


def test_there_are_enough_variants():
    assert len(VARIANTS) >= 12


@pytest.mark.parametrize("orientation", [6, 8])
def test_a_turned_picture_needs_the_other_side(tmp_path, orientation):
    files = {"a.dng": dng(preview(GREEN, (400, 250)), preview(BLUE, (800, 500)), orientation=orientation)}
    assert decode_all(tmp_path, files, cover=(250, 400))[0]["size"] == [250, 400]
    told = decode_all(tmp_path, files, cover=(400, 250))[0]
    assert (told["size"], told["full"]) == ([500, 800], [600, 800])


def test_a_headers_facts_are_the_pictures(tmp_path):
    told = decode(tmp_path, dng(*THREE, orientation=6), header=True)
    assert told == {"format": "raw", "size": [800, 600], "orientation": 6, "taken": "2026-05-01T12:30:00"}


def test_a_tiff_picture_is_no_raw_file(tmp_path):
    Image.new("RGB", (300, 300), GREEN).save(tmp_path / "plain.tif")
    told = decode(tmp_path, (tmp_path / "plain.tif").read_bytes())
    assert told.get("format") != "raw"


def test_mutated_files_never_crash_the_probe(tmp_path):
    random = np.random.default_rng(11)
    bases = [dng(*THREE), dng(), dng(*THREE, big_endian=True), dng(compressed=True)]
    files = {}
    for number in range(120):
        changed = bytearray(bases[number % len(bases)])
        for _ in range(4):  # most bytes are the sensor's: hit the directories, which lie at the end
            changed[-int(random.integers(1, 700))] ^= 1 << int(random.integers(8))
        files[f"{number}.dng"] = bytes(changed)
    for one in decode_all(tmp_path, files):
        assert "error" in one or one["path"] in {"preview", "half", "whole"}


def test_a_byte_type_in_place_of_a_long_is_read_by_its_type(tmp_path):
    encoded = with_bad_one((100, 80), jpeg_of(RED, (100, 80)), t254=(BYTE, [1]))
    assert decode(tmp_path, encoded)["mean"] == pytest.approx(GREEN, abs=3)
