"""Writes the fixtures of test/image/: small pictures in every format, each with Pillow's own RGB beside it.

    python test/golden/images/make.py        (Pillow, nothing else)

`name.ext` is the encoded picture and `name.ext.rgb` what ImageOps.exif_transpose() makes of it, pasted on white where
it is transparent.
`index.txt` has one line for each: file, format, width and height as shown, orientation, and the largest mean
difference that is allowed (0: every byte is equal).
"""

import io
import pathlib
import struct
import zlib

from PIL import Image, ImageOps

here = pathlib.Path(__file__).parent
index = []


def scene(width, height):
    """Smooth colours with edges, and no symmetry at all: a dark corner block at the upper left, a light bar below."""
    picture = Image.new("RGB", (width, height))
    for y in range(height):
        for x in range(width):
            red, green, blue = 255 * x // width, 255 * y // height, 255 - 128 * (x + y) // (width + height)
            if x < width // 3 and y < height // 4:
                red, green, blue = 20, 10, 60
            if y > height * 5 // 6 and x > width // 2:
                red, green, blue = 250, 240, 200
            picture.putpixel((x, y), (red, green, blue))
    return picture


def shown_by_pillow(picture):
    upright = ImageOps.exif_transpose(picture)
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    upright = upright.convert("RGBA")
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright.getchannel("A"))
    return paper


def keep(name, encoded, orientation=1, tolerance=0.0, reference=None):
    (here / name).write_bytes(encoded)
    opened = Image.open(io.BytesIO(encoded))
    kind = opened.format.lower()
    shown = reference or shown_by_pillow(opened)
    (here / (name + ".rgb")).write_bytes(shown.tobytes())
    index.append(f"{name} {kind} {shown.width} {shown.height} {orientation} {tolerance}")


def save(name, picture, orientation=1, tolerance=0.0, reference=None, **options):
    stream = io.BytesIO()
    picture.save(stream, name.rsplit(".", 1)[1].replace("jpg", "jpeg"), **options)
    keep(name, stream.getvalue(), orientation, tolerance, reference)


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "Vignette"
    return block


def big_endian_exif(orientation):
    return b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(width, height, depth, colour, interlace, passes):
    """A PNG of what Pillow cannot write. `passes`: one list of packed rows for each pass."""
    raw = b"".join(b"\0" + row for rows in passes for row in rows)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(raw, 9)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def interlaced(picture):
    passes = []
    for x0, y0, dx, dy in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        columns = range(x0, picture.width, dx)
        passes.append(
            [b"".join(bytes(picture.getpixel((x, y))) for x in columns) for y in range(y0, picture.height, dy)]
        )
    return write_png(picture.width, picture.height, 8, 2, 1, passes)


def sixteen_bits(picture):
    """Low bytes that would matter if the high bytes were rounded instead of kept."""
    pixels = picture.tobytes()
    wide = b"".join(bytes((value, 0xFF - value // 2)) for value in pixels)
    stride = len(wide) // picture.height
    rows = [wide[i : i + stride] for i in range(0, len(wide), stride)]
    return write_png(picture.width, picture.height, 16, {"RGB": 2, "L": 0, "RGBA": 6}[picture.mode], 0, [rows])


def main():
    for old in [
        *here.glob("*.rgb"),
        *here.glob("*.jpg"),
        *here.glob("*.png"),
        *here.glob("*.webp"),
        *here.glob("*.bmp"),
    ]:
        old.unlink()

    small, tall = scene(40, 26), scene(21, 34)
    mask = Image.linear_gradient("L").resize(small.size)
    clear = small.copy()
    clear.putalpha(mask)
    grey = small.convert("L")

    for orientation in range(1, 9):
        save(f"orientation_{orientation}.jpg", tall, orientation, quality=90, exif=exif(orientation))
    save("orientation_big_endian.jpg", tall, 6, quality=90, exif=big_endian_exif(6))
    save("orientation_nonsense.jpg", tall, 1, quality=90, exif=exif(9))
    save("subsampled.jpg", small, quality=85, subsampling="4:2:0")
    save("subsampled_422.jpg", small, quality=85, subsampling="4:2:2")
    save("full.jpg", small, quality=85, subsampling="4:4:4")
    save("progressive.jpg", small, quality=85, progressive=True)
    save("restarts.jpg", small, quality=85, restart_marker_rows=1)
    save("grey.jpg", grey, quality=85)
    save("rgb.jpg", small, quality=85, keep_rgb=True)
    save("cmyk.jpg", small.convert("CMYK"), quality=90)

    save("one_bit.png", small.convert("1"))
    save("grey.png", grey)
    save("grey_alpha.png", clear.convert("LA"))
    save("palette.png", small.quantize(24))
    save("palette_clear.png", small.quantize(24), transparency=3)
    save("rgb.png", small)
    save("rgba.png", clear)
    keep("rgb_16.png", sixteen_bits(small))
    keep("rgba_16.png", sixteen_bits(clear))
    # Pillow clips 16-bit grey to white; the high byte is what every other depth and program does.
    keep("grey_16.png", sixteen_bits(grey), reference=grey.convert("RGB"))
    keep("interlaced.png", interlaced(small))
    save("orientation_6.png", tall, 6, exif=exif(6))
    save("orientation_5.png", tall, 5, exif=exif(5))

    save("lossy.webp", small, quality=80)
    save("lossy_alpha.webp", clear, quality=80)
    save("lossless.webp", small, lossless=True)
    save("lossless_alpha.webp", clear, lossless=True)
    save("one_pixel.webp", Image.new("RGB", (1, 1), (200, 30, 90)), lossless=True)
    save("orientation_8.webp", tall, 8, lossless=True, exif=exif(8))

    save("rgb.bmp", small)
    save("rgba.bmp", clear)
    save("grey.bmp", grey)
    save("palette.bmp", small.quantize(16))
    save("one_bit.bmp", small.convert("1"))
    upright = io.BytesIO()
    small.transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(upright, "bmp")
    top_down = bytearray(upright.getvalue())
    top_down[22:26] = struct.pack("<i", -small.height)
    keep("top_down.bmp", bytes(top_down))

    # Not in the index: whole, with right checksums, and yet half of its pixels are missing.
    damaged = here / "damaged"
    damaged.mkdir(exist_ok=True)
    raw = small.tobytes()
    rows = [raw[i : i + small.width * 3] for i in range(0, len(raw) // 2, small.width * 3)]
    (damaged / "few_rows.png").write_bytes(write_png(small.width, small.height, 8, 2, 0, [rows]))

    (here / "index.txt").write_text("\n".join(index) + "\n")


main()
