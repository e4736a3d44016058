"""BMP, PNM, TGA and icons against their known pixels, or against Pillow's."""

import numpy as np
import pytest
from PIL import Image

import corpus
import plain_corpus
from probe import probe


@pytest.fixture(scope="module")
def scene():
    return corpus.scene(plain_corpus.WIDTH, plain_corpus.HEIGHT)


def decoded(folder, files):
    """{name: (answer, pixels)} of (name, encoded)."""
    paths = [folder / name for name, _ in files]
    for path, (_, encoded) in zip(paths, files):
        path.write_bytes(encoded)
    answers = probe(paths, "--pixels", folder)
    return {
        path.name: (answer, np.fromfile(f"{path}.rgb", np.uint8) if "size" in answer else None)
        for path, answer in zip(paths, answers)
    }


def test_every_kind_of_bmp_shows_its_colours(scene, tmp_path):
    wanted = {name: (encoded, pixels) for name, encoded, pixels in plain_corpus.bmps(scene)}
    found = decoded(tmp_path, [(name, encoded) for name, (encoded, _) in wanted.items()])
    for name, (_, pixels) in wanted.items():
        answer, ours = found[name]
        assert answer.get("size") == [plain_corpus.WIDTH, plain_corpus.HEIGHT], (name, answer)
        difference = np.abs(ours.reshape(pixels.shape).astype(int) - pixels.astype(int)).max()
        assert difference <= (1 if name in ("555.bmp", "565.bmp") else 0), name


def test_maps_targas_and_icons_are_those_of_pillow(scene, tmp_path):
    files = list(plain_corpus.others(scene, corpus.alpha_of(plain_corpus.WIDTH, plain_corpus.HEIGHT)))
    found = decoded(tmp_path, files)
    for name, encoded in files:
        expected = corpus.reference(encoded)
        answer, ours = found[name]
        assert answer.get("size") == [*expected.shape[1::-1]], (name, answer)
        assert answer["format"] == {"ppm": "pnm", "pgm": "pnm", "pbm": "pnm"}.get(name[-3:], name[-3:])
        assert (ours.reshape(expected.shape) == expected).all(), name


def test_cut_files_are_never_half_pictures(scene, tmp_path):
    whole = [(name, encoded) for name, encoded, _ in plain_corpus.bmps(scene)]
    whole += list(plain_corpus.others(scene, corpus.alpha_of(plain_corpus.WIDTH, plain_corpus.HEIGHT)))
    cuts = [(f"{part}-{name}", encoded[: len(encoded) * part // 8]) for name, encoded in whole for part in (1, 4, 6)]
    for name, (answer, _) in decoded(tmp_path, cuts).items():
        assert "size" not in answer, name
        assert answer["error"] in {"truncated_image", "undecodable_image", "not_an_image", "unsupported_media"}, name


def test_a_cursor_is_no_targa(tmp_path):
    cursor = b"\0\0\2\0\1\0" + bytes([32, 32, 0, 0]) + b"\1\0\1\0" + b"\x30\0\0\0\x16\0\0\0" + bytes(48)
    [(answer, _)] = decoded(tmp_path, [("arrow.cur", cursor)]).values()
    assert answer["error"] == "unsupported_media" and "cursor" in answer["message"]


def test_pictures_that_are_not_read_are_named(tmp_path):
    image = Image.new("RGB", (8, 8), "red")
    files = [("a.dds", corpus.saved(image, "DDS")), ("a.qoi", b"qoif" + bytes(20)), ("a.psd", b"8BPS" + bytes(40))]
    files += [("a.jp2", corpus.saved(image, "JPEG2000"))]
    for name, (answer, _) in decoded(tmp_path, files).items():
        assert answer["error"] == "unsupported_media", name
        assert {"dds": "DDS", "qoi": "QOI", "psd": "Photoshop", "jp2": "JPEG 2000"}[name[-3:]] in answer["message"]
