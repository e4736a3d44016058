"""Small files that ask for much memory."""

import functools
import struct
import zlib

from hostile.files import FILES, grid, heic, many_scans, slow_jpeg
from hostile.films import EIGHT_K, avi, many_references


def png_header(width, height, rows=b""):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def grey_png(side):
    """A thousandth of its pixels."""
    pack, row = zlib.compressobj(9), bytes(side + 1)
    rows = b"".join(pack.compress(row) for _ in range(side)) + pack.flush()
    return png_header(side, side, rows)


def bmp(side):
    return b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, side, side, 1, 24, 0, 0, 0, 0, 0, 0)


def gif(side):
    return b"GIF89a" + struct.pack("<HHBBB", side, side, 0, 0, 0) + b"," + struct.pack("<HHHHB", 0, 0, side, side, 0)


@functools.cache
def refused():
    """Pictures whose headers ask for more than is allowed, or for more than they explain."""
    return [
        *(content for content, _ in FILES.values()),
        heic(b"grid", grid(1, 2, 30_000, 30_000), [2, 3], size=(30_000, 30_000)),
        heic(b"grid", grid(256, 256, 64, 48), [2, 3]),
        png_header(2**31 - 1, 2**31 - 1),
        grey_png(11_000),
        many_scans(side=20_000, scans=2),
        bmp(30_000),
        gif(65_535),
    ]


@functools.cache
def large():
    """(field, file): what small bytes make large, though not larger than is allowed."""
    return [
        ("data_url", grey_png(9_000)),
        ("data_url", slow_jpeg()),
        ("video", many_references()),
        ("video", many_references(said=(64, 48))),
        ("video", avi([b"free" + bytes(64)], b"MJPG", EIGHT_K)),
    ]
