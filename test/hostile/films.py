"""Small films that need much memory, written bit by bit: few encoders would make them."""

import re
import struct

MACROBLOCK = 16  # pixels of a side
EIGHT_K = (8192, 4320)  # the largest frame that is allowed
REFERENCES = 16  # the most that H.264 knows


class Bits:
    """The fields of an H.264 stream, one after the other."""

    def __init__(self):
        self.text = ""

    def fixed(self, value, width):
        self.text += f"{value:0{width}b}"
        return self

    def golomb(self, *values):
        for value in values:
            number = f"{value + 1:b}"
            self.text += "0" * (len(number) - 1) + number
        return self

    def unit(self, kind):
        """As one unit of the stream, in which 00 00 00 to 00 00 03 must not occur."""
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        content = int(text, 2).to_bytes(len(text) // 8, "big")
        return b"\0\0\0\1" + bytes([kind]) + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", content)


def parameters(size, references):
    across, down = (side // MACROBLOCK for side in size)
    sequence = Bits().fixed(66, 8).fixed(0xC0, 8).fixed(62, 8).golomb(0, 4, 2, references).fixed(0, 1)
    sequence.golomb(across - 1, down - 1).fixed(0b1100, 4)
    picture = Bits().golomb(0, 0).fixed(0, 2).golomb(0, 0, 0).fixed(0, 3).golomb(0, 0, 0).fixed(0b100, 3)
    return sequence.unit(0x67) + picture.unit(0x68)


def grey_frame(size):
    """A byte for each macroblock: predicted from nothing, and no difference to that."""
    slice = Bits().golomb(0, 7, 0).fixed(0, 8).golomb(0).fixed(0, 2).golomb(0, 1)
    slice.text += "00100111" * (size[0] // MACROBLOCK * size[1] // MACROBLOCK)
    return slice.unit(0x65)


def same_frame(size, number):
    """Some bytes for all macroblocks: each as in the frame before. It is kept as a reference."""
    slice = Bits().golomb(0, 5, 0).fixed(number % 256, 8).fixed(0, 3).golomb(0, 1)
    return slice.golomb(size[0] // MACROBLOCK * size[1] // MACROBLOCK).unit(0x41)


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def avi(frames, codec, size):
    """`size` is what the container says, true or not."""
    width, height = size
    main = struct.pack("<10I16x", 40_000, 0, 0, 0, len(frames), 0, 1, 0, width, height)
    stream = b"vids" + codec + struct.pack("<10I4H", 0, 0, 0, 1, 25, 0, len(frames), 0, 0, 0, 0, 0, 0, 0)
    picture = struct.pack("<IiiHH4s5I", 40, width, height, 1, 24, codec, 0, 0, 0, 0, 0)
    streams = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", picture))
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + streams)
    movie = chunk(b"LIST", b"movi" + b"".join(chunk(b"00dc", frame) for frame in frames))
    return chunk(b"RIFF", b"AVI " + header + movie)


def many_references(frames=24, size=EIGHT_K, said=None):
    """140 KB of which a decoder keeps sixteen frames of 53 MB each."""
    stream = [same_frame(size, number) for number in range(frames)]
    stream[0] = parameters(size, REFERENCES) + grey_frame(size)
    return avi(stream, b"H264", said or size)
