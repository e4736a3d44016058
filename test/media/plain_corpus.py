"""BMP, PNM, TGA and icons: as Pillow writes them, and the kinds of BMP that only other programs write."""

import io
import struct

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 33, 20


def bmp(header, pixels, palette=b"", gap=b""):
    """A file of an info header (without its size field), a palette and pixels, with bytes between them."""
    info = struct.pack("<I", len(header) + 4) + header
    offset = 14 + len(info) + len(palette) + len(gap)
    size = offset + len(pixels)
    return struct.pack("<2sIHHI", b"BM", size, 0, 0, offset) + info + palette + gap + pixels


def info(width, height, bits, compression=0, colours=0, masks=b""):
    return struct.pack("<iiHHIIiiII", width, height, 1, bits, compression, 0, 2835, 2835, colours, 0) + masks


def rows(values):
    """Bottom-up, each row filled up to four bytes."""
    return b"".join(row.tobytes() + bytes(-row.nbytes % 4) for row in values[::-1])


def sixteen_bits(scene, reds, greens, blues):
    red, green, blue = (scene[..., i].astype(np.uint32) for i in range(3))
    value = (red >> (8 - reds) << (greens + blues)) | (green >> (8 - greens) << blues) | blue >> (8 - blues)
    return value.astype("<u2")


def run_lengths(indices, bits):
    """RLE8 or RLE4: runs, a stretch of plain values, ends of lines, the end."""
    packed = b""
    for row in indices[::-1]:
        plain = [int(one) for one in row[:5]]
        if bits == 8:
            packed += bytes([0, 5, *plain, 0])
            packed += b"".join(bytes([1, int(one)]) for one in row[5:])
        else:
            pairs = [*plain, 0]
            packed += bytes([0, 5]) + bytes(pairs[i] << 4 | pairs[i + 1] for i in (0, 2, 4)) + b"\0"
            packed += b"".join(bytes([1, int(one) << 4]) for one in row[5:])
        packed += b"\0\0"
    return packed + b"\0\1"


def bmps(scene):
    """(name, file, RGB pixels)."""
    image = Image.fromarray(scene)
    few = image.quantize(12)
    indices = np.asarray(few)
    colours = np.array(few.getpalette()[: 12 * 3], np.uint8).reshape(-1, 3)
    palette = b"".join(bytes([*colour[::-1], 0]) for colour in colours.tolist())
    shown = colours[indices]
    bgr = np.ascontiguousarray(scene[..., ::-1])
    bgrx = np.concatenate([bgr, np.full((HEIGHT, WIDTH, 1), 77, np.uint8)], axis=2)
    rgbx = np.concatenate([scene, np.full((HEIGHT, WIDTH, 1), 77, np.uint8)], axis=2)
    swapped = struct.pack("<III", 0xFF, 0xFF00, 0xFF0000)
    yield "gap.bmp", bmp(info(WIDTH, HEIGHT, 24), rows(bgr), gap=b"\xab" * 37), scene
    yield "top-down.bmp", bmp(info(WIDTH, -HEIGHT, 24), rows(bgr[::-1])), scene
    yield "unused-byte.bmp", bmp(info(WIDTH, HEIGHT, 32), rows(bgrx)), scene
    yield "masks-swapped.bmp", bmp(info(WIDTH, HEIGHT, 32, 3, masks=swapped), rows(rgbx)), scene
    yield "rle8.bmp", bmp(info(WIDTH, HEIGHT, 8, 1, 12), run_lengths(indices, 8), palette), shown
    yield "rle4.bmp", bmp(info(WIDTH, HEIGHT, 4, 2, 12), run_lengths(indices, 4), palette), shown
    yield "few-colours.bmp", bmp(info(WIDTH, HEIGHT, 8, 0, 12), rows(indices), palette), shown
    early = bytearray(bmp(info(WIDTH, HEIGHT, 8, 0, 12), rows(indices), palette))
    early[10:14] = struct.pack("<I", 54)  # as if there were no palette
    yield "early-offset.bmp", bytes(early), shown
    core = struct.pack("<HHHH", WIDTH, HEIGHT, 1, 24)
    yield "os2.bmp", bmp(core, rows(bgr)), scene
    five = np.stack([scene[..., i] >> 3 for i in range(3)], axis=2).astype(np.uint32)
    yield "555.bmp", bmp(info(WIDTH, HEIGHT, 16), rows(sixteen_bits(scene, 5, 5, 5))), (five * 255 + 15) // 31
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    six = five.copy()
    six[..., 1] = scene[..., 1] >> 2
    most = np.array([31, 63, 31])
    expected = (six * 255 + most // 2) // most
    yield "565.bmp", bmp(info(WIDTH, HEIGHT, 16, 3, masks=masks), rows(sixteen_bits(scene, 5, 6, 5))), expected


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def icon_whose_largest_has_fewest_bits(image):
    files = [saved(image.resize((side, side)), "PNG") for side in (64, 16)]
    starts = (6 + 2 * 16, 6 + 2 * 16 + len(files[0]))
    entries = [
        struct.pack("<BBBBHHII", side, side, 0, 0, 1, bits, len(file), start)
        for side, bits, file, start in zip((64, 16), (8, 32), files, starts)
    ]
    return struct.pack("<HHH", 0, 1, 2) + b"".join(entries) + b"".join(files)


def others(scene, alpha):
    """(name, file): Pillow reads them, too."""
    image = Image.fromarray(scene)
    clear = image.copy()
    clear.putalpha(Image.fromarray(alpha))
    grey = image.convert("L")
    text = f"P3\n# by hand\n{WIDTH} {HEIGHT}\n255\n" + " ".join(map(str, scene.ravel().tolist()))
    yield "rgb.ppm", saved(image, "PPM")
    yield "grey.pgm", saved(grey, "PPM")
    yield "bits.pbm", saved(image.convert("1"), "PPM")
    yield "text.ppm", text.encode()
    yield "wide.pgm", f"P5 {WIDTH} {HEIGHT} 65535\n".encode() + (np.asarray(grey).astype(">u2") * 257).tobytes()
    for compression in (None, "tga_rle"):
        kind = compression or "plain"
        yield f"rgb-{kind}.tga", saved(image, "TGA", compression=compression)
        yield f"rgba-{kind}.tga", saved(clear, "TGA", compression=compression)
        yield f"grey-{kind}.tga", saved(grey, "TGA", compression=compression)
        yield f"palette-{kind}.tga", saved(image.quantize(30), "TGA", compression=compression)
    clear_targa = saved(clear, "TGA", compression=None)[:-26]  # without its footer
    extension = struct.pack("<H", 495) + bytes(492)
    footer = struct.pack("<II", len(clear_targa), 0) + b"TRUEVISION-XFILE.\0"
    yield "opaque.tga", clear_targa + extension + b"\0" + footer
    yield "with-alpha.tga", clear_targa + extension + b"\3" + footer
    yield "png-inside.ico", saved(clear.resize((48, 48)), "ICO", sizes=[(16, 16), (48, 48)])
    yield "bmp-inside.ico", saved(clear.resize((32, 32)), "ICO", sizes=[(32, 32)], bitmap_format="bmp")
    yield "few-colours.ico", icon_whose_largest_has_fewest_bits(clear)
    for name, one in (("rgb", image), ("palette", image.quantize(30)), ("bits", image.convert("1"))):
        yield f"{name}.dib.bmp", saved(one, "DIB")  # a BMP without its file header
