"""Job inputs. What the scripted captioner says is written in the prompt: `key=value` joined by `;`."""

import base64
import os
import struct
import zlib


def _chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(side=8):
    rows = b"".join(b"\0" + b"\xc8\x1e\x28" * side for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def padded_png(size):
    """A valid picture of so many bytes: a chunk that says nothing fills it up, and does not compress."""
    plain, head = png(), 33  # signature and IHDR
    return plain[:head] + _chunk(b"vgFl", os.urandom(size - len(plain) - 12)) + plain[head:]


def data_url(content=None):
    return "data:image/png;base64," + base64.b64encode(content or png()).decode()


def picture(prompt="", **more):
    return {"data_url": data_url(), **({"prompt": prompt} if prompt else {}), **more}


def batch(*prompts, **more):
    """Items named a, b, c, ... each with its own prompt; None is an item without a picture."""
    items = [{} if prompt is None else picture(prompt) for prompt in prompts]
    return {"images": [{"id": name, **item} for name, item in zip("abcdefgh", items)], **more}
