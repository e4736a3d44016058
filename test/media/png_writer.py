"""Writes PNG files of every layout: Pillow writes no interlaced ones, few depths and one filter for all rows."""

import struct
import zlib

import numpy as np

GREY, RGB, INDEXED, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, INDEXED: 1, GREY_ALPHA: 2, RGBA: 4}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_rows(samples, depth):
    """The bytes of each row; `samples` is height x width x channels."""
    flat = samples.reshape(samples.shape[0], -1)
    if depth == 16:
        return flat.astype(">u2").view(np.uint8)
    if depth == 8:
        return flat.astype(np.uint8)
    bits = np.unpackbits(flat.astype(np.uint8)[..., None], axis=2)[..., 8 - depth :]
    return np.packbits(bits.reshape(flat.shape[0], -1), axis=1)


def filtered(row, above, kind, step):
    left = np.concatenate([np.zeros(step, np.int32), row[:-step]]) if len(row) > step else np.zeros_like(row)
    corner = np.concatenate([np.zeros(step, np.int32), above[:-step]]) if len(row) > step else np.zeros_like(row)
    if kind == 4:
        estimate = left + above - corner
        to_left, to_above, to_corner = abs(estimate - left), abs(estimate - above), abs(estimate - corner)
        nearest = np.where(to_above <= to_corner, above, corner)
        guess = np.where((to_left <= to_above) & (to_left <= to_corner), left, nearest)
    else:
        guess = (np.zeros_like(row), left, above, (left + above) // 2)[kind]
    return bytes([kind]) + ((row - guess) % 256).astype(np.uint8).tobytes()


def write_png(samples, depth, colour, interlaced=False, before=b"", pieces=1):
    """The filters alternate. `before` holds the chunks before the pixels."""
    height, width = samples.shape[:2]
    samples = samples.reshape(height, width, CHANNELS[colour])
    step = max(1, depth * CHANNELS[colour] // 8)
    raw = b""
    for x, y, dx, dy in PASSES if interlaced else ((0, 0, 1, 1),):
        part = samples[y::dy, x::dx]
        if part.size == 0:
            continue
        rows = packed_rows(part, depth).astype(np.int32)
        above = np.zeros(rows.shape[1], np.int32)
        for number, row in enumerate(rows):
            raw += filtered(row, above, number % 5, step)
            above = row
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    data = zlib.compress(raw, 9)
    size = -(-len(data) // pieces)
    data = b"".join(chunk(b"IDAT", data[i : i + size]) for i in range(0, len(data), size))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + data + chunk(b"IEND", b"")
