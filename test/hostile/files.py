"""Small files that killed a decoder, or would keep it busy."""

import base64
import struct

SELF_REFERRING_AVIF = base64.b64decode(
    "AAAAFGZ0eXBhdmlmAAAAAGF2aWYAAADObWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAAAAAAAAAOcGl0bQAAAAAAAQAA"
    "AB5pbG9jAAAAAEQAAAEAAQAAAAEAAAAAAAAAAQAAACNpaW5mAAAAAAABAAAAFWluZmUCAAAAAAEAAGlkZW4AAAAAOGlwcnAAAAAcaXBjbwAA"
    "ABRpc3BlAAAAAAAAAEAAAABAAAAAFGlwbWEAAAAAAAAAAQABAQEAAAAaaXJlZgAAAAAAAAAOZGltZwABAAEAAQ=="
)


def box(name, content):
    return struct.pack(">I4s", len(content) + 8, name) + content


def heic(kind, content, parts, size=(64, 48)):
    """Item 1 is derived from `parts`; items 2 and 3 are coded tiles without pixels."""

    def entry(number, name):
        return box(b"infe", struct.pack(">IHH4sB", 0x02000000, number, 0, name, 0))

    references = struct.pack(f">HH{len(parts)}H", 1, len(parts), *parts)
    place = struct.pack(">IHHHHHHII", 0x01000000, 0x4400, 1, 1, 1, 0, 1, 0, len(content))
    ispe = box(b"ispe", struct.pack(">III", 0, *size))
    meta = (
        bytes(4)
        + box(b"pitm", struct.pack(">IH", 0, 1))
        + box(b"iloc", place)
        + box(b"iinf", struct.pack(">IH", 0, 3) + entry(1, kind) + entry(2, b"hvc1") + entry(3, b"hvc1"))
        + box(b"iref", bytes(4) + box(b"dimg", references))
        + box(b"idat", content)
        + box(b"iprp", box(b"ipco", ispe) + box(b"ipma", struct.pack(">IIHBB", 0, 1, 1, 1, 1)))
    )
    return box(b"ftyp", b"heic\0\0\0\0mif1") + box(b"meta", meta)


def grid(rows, columns, width, height):
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


def many_scans(side=9984, scans=495):
    frame = struct.pack(">HHBHHBBBB", 0xFFC2, 11, 8, side, side, 1, 1, 0x11, 0)
    scan = struct.pack(">HHBBBBBB", 0xFFDA, 8, 1, 1, 0, 0, 0, 0) + bytes(1300)
    return b"\xff\xd8" + frame + scan * scans + b"\xff\xd9"


def segment(marker, content):
    return struct.pack(">HH", marker, len(content) + 2) + content


def one_code(kind, symbol):
    """A Huffman table in which a 0 is this symbol."""
    return segment(0xFFC4, bytes([kind, 1, *bytes(15), symbol]))


def slow_jpeg(side=8000):
    """A good one, all grey, of 57 passes. Each after the first takes a hundred bytes."""
    blocks = (side // 8) ** 2
    first = segment(0xFFDA, bytes([1, 1, 0, 0, 0, 0])) + bytes(blocks // 8 + 1)
    # "No coefficient of the next 27,306 blocks", as often as needed, in 15 bits each.
    bits = "010101010101010" * (blocks // 27_306 + 1)
    bits += "1" * (-len(bits) % 8)
    nothing = int(bits, 2).to_bytes(len(bits) // 8, "big")
    passes = [0x0D, *(0x10 * (low + 1) + low for low in reversed(range(13)))]
    bands = [(1, 5), (6, 20), (21, 40), (41, 63)]
    later = b"".join(segment(0xFFDA, bytes([1, 1, 0, *band, each])) + nothing for band in bands for each in passes)
    frame = segment(0xFFC2, struct.pack(">BHHBBBB", 8, side, side, 1, 1, 0x11, 0))
    tables = segment(0xFFDB, bytes([0] + [1] * 64)) + one_code(0x00, 0) + one_code(0x10, 0xE0)
    return b"\xff\xd8" + tables + frame + first + later + b"\xff\xd9"


FILES = {
    "self-referring.avif": (SELF_REFERRING_AVIF, "undecodable_image"),
    "copies-itself.heic": (heic(b"iden", b"", [1]), "undecodable_image"),
    "huge-canvas.heic": (heic(b"grid", grid(1, 2, 9000, 9000), [2, 3]), "undecodable_image"),
    "grid-of-itself.heic": (heic(b"grid", grid(1, 2, 64, 48), [1, 2]), "undecodable_image"),
    "missing-tile.heic": (heic(b"grid", grid(1, 2, 64, 48), [2, 9]), "undecodable_image"),
    "layers.heic": (heic(b"iovl", bytes(20), [2, 9]), "unsupported_media"),
    "many-scans.jpg": (many_scans(), "too_large"),
}
