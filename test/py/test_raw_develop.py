"""Camera raw: what is developed is half of the sensor's picture as of rawpy, turned once, whole or an error."""

import numpy as np
import pytest
import rawpy
from PIL import Image, ImageOps

from media.dng import LONG, SHORT, TiffWriter, camera_fields, make_dng, preview_fields, raw_fields
from raw_files import (
    BLUE,
    GREEN,
    HALF,
    MIDDLE,
    RED,
    SENSOR,
    SMALL,
    THREE,
    by_rawpy,
    decode,
    decode_all,
    dng,
    only_subs,
    preview,
)


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


SIGNATURES = [b"FUJIFILMCCD-RAW 0201FF", b"IIRO\x08\0\0\0", b"IIU\0\x08\0\0\0", b"\0\0\0\x18ftypcrx \0\0\0\0"]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_signature_without_a_raw_file_behind_it_is_an_error(tmp_path, signature):
    told = decode(tmp_path, signature + bytes(range(256)) * 40)
    assert told["error"] in {"unsupported_media", "undecodable_image", "truncated_image"}, told
    assert ";" in told["message"], "no remedy"
