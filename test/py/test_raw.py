"""Camera raw: of each file the right preview, told by its colour; else half of the sensor's pixels, as of rawpy."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rawpy
from dng_files import (
    BYTE,
    LONG,
    SHORT,
    SUB_DIRECTORIES,
    TiffWriter,
    camera_fields,
    jpeg_of,
    make_dng,
    preview_fields,
    raw_fields,
    sensor_values,
)
from PIL import Image, ImageOps

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


def chained(tiff, raw):
    second = tiff.directory(preview_fields(tiff, *preview(GREEN, MIDDLE)))
    return preview_fields(tiff, *preview(RED, SMALL)) + only_subs(tiff, raw), second


def old_style(tiff, raw):
    """A JPEG by its own pair of tags, as in EXIF's thumbnails."""
    jpeg = jpeg_of(GREEN, MIDDLE)
    second = tiff.directory([(259, SHORT, [6]), (513, LONG, [tiff.blob(jpeg)]), (514, LONG, [len(jpeg)])])
    return only_subs(tiff, raw), second


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
THREE = preview(RED, SMALL), preview(GREEN, MIDDLE), preview(BLUE, LARGE)
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


def quarters(size=(320, 240), **options):
    """Four colours, one in each corner: any wrong turn puts one of them into another."""
    picture = Image.new("RGB", size, (240, 240, 20))
    width, height = size[0] // 2, size[1] // 2
    for colour, place in ((RED, (0, 0)), (GREEN, (width, 0)), (BLUE, (0, height))):
        picture.paste(colour, (*place, place[0] + width, place[1] + height))
    return picture


def turned(picture, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    picture = picture.copy()
    picture.info["exif"] = exif.tobytes()
    return np.asarray(ImageOps.exif_transpose(picture))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_first_directory_turns_both_paths_exactly_once(tmp_path, orientation):
    own = Image.Exif()
    own[274] = 3  # what the preview says about itself does not count
    quarters().save(tmp_path / "own.jpg", quality=95, exif=own)
    encoded = make_dng([((tmp_path / "own.jpg").read_bytes(), MIDDLE)], SENSOR, orientation=orientation)
    expected = turned(quarters(), orientation).astype(int)
    told = decode(tmp_path, encoded)
    assert told["path"] == "preview"
    assert np.abs(told["pixels"] - expected).mean() < 4

    half = decode(tmp_path, dng(orientation=orientation))
    straight = Image.fromarray(by_rawpy(tmp_path / "picture.dng"))
    assert half["path"] == "half"
    assert np.abs(half["pixels"].astype(int) - turned(straight, orientation)).max() <= 1


def by_rawpy(file):
    with rawpy.imread(str(file)) as raw:
        return raw.postprocess(half_size=True, use_camera_wb=True, no_auto_bright=True, user_flip=0, output_bps=8)


@pytest.mark.parametrize("options", [{}, {"big_endian": True}, {"compressed": True}], ids=str)
def test_without_a_preview_half_of_the_sensor_is_developed_as_rawpy_does(tmp_path, options):
    told = decode(tmp_path, dng(**options))
    assert (told["path"], tuple(told["size"]), told["full"]) == ("half", HALF, [800, 600])
    expected = by_rawpy(tmp_path / "picture.dng").astype(int)
    difference = np.abs(told["pixels"] - expected)
    assert expected.std() > 20, "a flat picture would prove nothing"
    assert difference.max() <= 1 and difference.mean() < 0.05


def test_a_preview_that_is_too_small_for_the_model_is_not_taken(tmp_path):
    assert decode(tmp_path, dng(*THREE[:2]), cover=(336, 336))["path"] == "half"
    assert decode(tmp_path, dng(*THREE), cover=(336, 336))["path"] == "preview"


def test_who_wants_the_whole_picture_gets_the_sensors(tmp_path):
    assert decode(tmp_path, dng(*THREE), cover=(0, 0))["path"] == "half"


def test_the_active_area_is_the_pictures_size(tmp_path):
    tiff = TiffWriter()
    raw = tiff.directory(raw_fields(tiff, SENSOR, t50829=(LONG, [20, 40, 580, 760])))
    encoded = tiff.finish(tiff.directory(camera_fields() + only_subs(tiff, raw)))
    told = decode(tmp_path, encoded)
    assert (told["full"], told["size"]) == ([720, 560], [360, 280])
    with rawpy.imread(str(tmp_path / "picture.dng")) as reference:
        assert (reference.sizes.width, reference.sizes.height) == (720, 560)


def test_three_colours_a_pixel_are_developed_whole(tmp_path):
    tiff = TiffWriter()
    values = np.stack([SENSOR, SENSOR // 2, SENSOR // 3], axis=-1)
    changes = {"t262": (SHORT, [34892]), "t277": (SHORT, [3]), "t258": (SHORT, [16] * 3)}
    changes |= {"t33421": None, "t33422": None}
    fields = [field for field in raw_fields(tiff, SENSOR, **changes) if field[0] not in (273, 279)]
    data = values.astype("<u2").tobytes()
    fields += [(273, LONG, [tiff.blob(data)]), (279, LONG, [len(data)])]
    told = decode(tmp_path, tiff.finish(tiff.directory(fields + camera_fields())))
    assert (told["path"], told["size"]) == ("whole", [800, 600])


# What cannot be developed is shown by its largest preview, if that has half of what the model takes in.
def test_a_damaged_sensor_picture_falls_back_on_a_preview_of_half_the_size(tmp_path):
    tiff = TiffWriter()
    broken = tiff.directory(raw_fields(tiff, SENSOR, t259=(SHORT, [7])))  # says it is compressed, and is not
    first = preview_fields(tiff, *preview(GREEN, SMALL)) + camera_fields() + only_subs(tiff, broken)
    encoded = tiff.finish(tiff.directory(first))
    told = decode(tmp_path, encoded, cover=(240, 240))
    assert (told["path"], tuple(told["size"])) == ("preview", SMALL)
    refused = decode(tmp_path, encoded, cover=(336, 336))
    assert refused["error"] == "undecodable_image"


def test_a_cut_file_is_an_error_or_a_whole_preview(tmp_path):
    encoded = dng(*THREE)
    cuts = {f"cut-{length}.dng": encoded[:length] for length in range(0, len(encoded), len(encoded) // 80)}
    told = decode_all(tmp_path, cuts)
    for one in told:
        if "error" in one:
            assert one["error"] in {"truncated_image", "undecodable_image", "unsupported_media", "empty_image"}, one
        else:
            assert one["path"] == "preview" and one["mean"] == pytest.approx(GREEN, abs=3)
    assert any("error" in one for one in told)

    no_preview = dng()
    lengths = range(0, len(no_preview), len(no_preview) // 30)
    told = decode_all(tmp_path, {f"raw-{length}.dng": no_preview[:length] for length in lengths})
    assert all("error" in one for one in told)


def test_sensor_values_that_end_early_are_never_half_a_picture(tmp_path):
    def directories_first(offset):
        tiff = TiffWriter()
        first = tiff.directory(raw_fields_at(offset) + camera_fields())
        return tiff.finish(first)

    offset = len(directories_first(0))
    whole = directories_first(offset) + SENSOR.astype("<u2").tobytes()
    told = decode_all(tmp_path, {"whole.dng": whole, "cut.dng": whole[:-5000]})
    assert told[0]["path"] == "half"
    assert told[1]["error"] == "truncated_image"
    assert told[1]["message"].endswith("send the whole file")


def raw_fields_at(offset):
    """The values are somewhere else than the writer put them."""
    return raw_fields(TiffWriter(), SENSOR, t273=(LONG, [offset]))


UNNAMED = [{"t279": (LONG, [1000])}, {"t279": None}, {"t273": None}, {"t258": (SHORT, [0])}]


@pytest.mark.parametrize("changes", UNNAMED, ids=str)
def test_sensor_values_that_are_not_all_named_are_not_developed(tmp_path, changes):
    tiff = TiffWriter()
    told = decode(tmp_path, tiff.finish(tiff.directory(raw_fields(tiff, SENSOR, **changes) + camera_fields())))
    assert told["error"] == "undecodable_image"


def test_compressed_values_that_are_damaged_inside_are_not_developed(tmp_path):
    encoded = bytearray(dng(compressed=True))
    begin = encoded.index(b"\xff\xd8\xff") + 300
    encoded[begin : begin + 2000] = b"\xff\xd9" * 1000  # a tile that ends at once
    assert "error" in decode(tmp_path, bytes(encoded))


def test_a_huge_picture_is_refused_by_its_directories(tmp_path):
    tiff = TiffWriter()
    raw = raw_fields(tiff, SENSOR, t256=(LONG, [30000]), t257=(LONG, [30000]))
    told = decode(tmp_path, tiff.finish(tiff.directory(raw + camera_fields())))
    assert told["error"] == "too_many_pixels"


def test_a_headers_facts_are_the_pictures(tmp_path):
    told = decode(tmp_path, dng(*THREE, orientation=6), header=True)
    assert told == {"format": "raw", "size": [800, 600], "orientation": 6, "taken": "2026-05-01T12:30:00"}


def test_a_tiff_picture_is_no_raw_file(tmp_path):
    Image.new("RGB", (300, 300), GREEN).save(tmp_path / "plain.tif")
    told = decode(tmp_path, (tmp_path / "plain.tif").read_bytes())
    assert told.get("format") != "raw"


SIGNATURES = [b"FUJIFILMCCD-RAW 0201FF", b"IIRO\x08\0\0\0", b"IIU\0\x08\0\0\0", b"\0\0\0\x18ftypcrx \0\0\0\0"]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_signature_without_a_raw_file_behind_it_is_an_error(tmp_path, signature):
    told = decode(tmp_path, signature + bytes(range(256)) * 40)
    assert told["error"] in {"unsupported_media", "undecodable_image", "truncated_image"}, told
    assert ";" in told["message"], "no remedy"


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
