"""Generates pictures in every supported format, each with the pixels it must decode to.

The reference is Pillow (pillow_heif for HEIC): turned upright by EXIF, 16-bit samples reduced to their high byte,
transparent pixels pasted onto white. Every byte must be equal unless a picture sets a limit on the mean difference.
"""

import io
import struct
from dataclasses import dataclass

import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageOps, PngImagePlugin

from png_writer import CHANNELS, GREY, GREY_ALPHA, INDEXED, RGB, RGBA, chunk, write_png

pillow_heif.register_heif_opener()
SIZES = [(1, 1), (7, 3), (33, 20), (64, 48)]


@dataclass
class Picture:
    name: str
    encoded: bytes
    pixels: np.ndarray
    mean: float = 0.0  # the largest mean difference allowed
    taken: str = ""


def scene(width, height):
    """Smooth colours, an edge, some grain, and no symmetry at all."""
    y, x = np.mgrid[0:height, 0:width]
    red, green, blue = 255 * x // width, 255 * y // height, 255 - 128 * (x + y) // (width + height)
    pixels = np.stack([red, green, blue], axis=2).astype(np.int16)
    pixels[: height // 3, : width // 4] = (20, 10, 60)
    pixels += np.random.default_rng(width * 1000 + height).integers(-9, 10, pixels.shape, dtype=np.int16)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def smooth(width, height):
    """For codecs whose libraries round differently: without grain, which would hide everything else."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([255 * x // width, 255 * y // height, 128 + 0 * x], axis=2).astype(np.uint8)


def alpha_of(width, height):
    y, x = np.mgrid[0:height, 0:width]
    return ((x * 37 + y * 11) % 256).astype(np.uint8)


def over_white(colours, alpha):
    total = colours.astype(np.uint32) * alpha[..., None] + 255 * (255 - alpha[..., None].astype(np.uint32)) + 128
    return (((total >> 8) + total) >> 8).astype(np.uint8)


def reference(encoded):
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(encoded)))
    if picture.mode.startswith("I"):  # 16 bits, of which Pillow's RGB would cut off what is above 255
        return np.repeat((np.asarray(picture) >> 8).astype(np.uint8)[..., None], 3, axis=2)
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("RGB"))
    picture = picture.convert("RGBA")
    paper = Image.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return np.asarray(paper)


def saved(picture, kind, **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def exif(orientation=None, taken=None, changed=None):
    block = Image.Exif()
    if orientation:
        block[0x0112] = orientation
    if changed:
        block[0x0132] = changed
    if taken:
        block.get_ifd(0x8769)[0x9003] = taken
    return block


def jpegs():
    for width, height in SIZES:
        picture = Image.fromarray(scene(width, height))
        for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
            for progressive in (False, True):
                kind = "progressive" if progressive else "baseline"
                encoded = saved(picture, "JPEG", quality=88, subsampling=subsampling, progressive=progressive)
                yield Picture(f"{kind}-{subsampling}-{width}.jpg".replace(":", ""), encoded, reference(encoded), 1.0)
    for name, encoded in {
        "grey.jpg": saved(picture.convert("L"), "JPEG"),
        "cmyk.jpg": saved(picture.convert("CMYK"), "JPEG"),
        "cmyk-progressive.jpg": saved(picture.convert("CMYK"), "JPEG", progressive=True),
        "restarts.jpg": saved(picture, "JPEG", restart_marker_blocks=1),
        "rgb.jpg": saved(picture, "JPEG", keep_rgb=True),
        "profile.jpg": saved(picture, "JPEG", icc_profile=bytes(5000)),
    }.items():
        yield Picture(name, encoded, reference(encoded), 1.0)


def png_of(width, height, depth, colour, interlaced):
    most = (1 << depth) - 1
    rng = np.random.default_rng(depth * 10 + colour)
    base = scene(width, height).astype(np.uint32)
    wide = np.concatenate([base, alpha_of(width, height)[..., None]], axis=2)
    channels = {GREY: [0], RGB: [0, 1, 2], INDEXED: [0], GREY_ALPHA: [0, 3], RGBA: [0, 1, 2, 3]}[colour]
    samples = wide[..., channels]
    samples = samples * 256 + rng.integers(0, 256, samples.shape) if depth == 16 else samples >> (8 - depth)
    before = b""
    colours = samples if depth == 16 else None
    if colour == INDEXED:
        palette = rng.integers(0, 256, (most + 1, 3), dtype=np.uint8)
        clear = rng.integers(0, 256, most, dtype=np.uint8)
        before = chunk(b"PLTE", palette.tobytes()) + chunk(b"tRNS", clear.tobytes())
        alpha = np.append(clear, 255).astype(np.uint8)
        shown = over_white(palette[samples[..., 0]], alpha[samples[..., 0]])
    else:
        eight = (samples >> 8 if colours is not None else samples * 255 // most).astype(np.uint8)
        shown = eight[..., :3] if CHANNELS[colour] >= 3 else np.repeat(eight[..., :1], 3, axis=2)
        if colour in (GREY_ALPHA, RGBA):
            shown = over_white(shown, eight[..., -1])
        else:
            key = samples[height // 2, width // 2]
            before = chunk(b"tRNS", b"".join(struct.pack(">H", int(value)) for value in key))
            shown = np.where((samples == key).all(axis=2)[..., None], 255, shown).astype(np.uint8)
    return write_png(samples, depth, colour, interlaced, before, pieces=3), shown


def pngs():
    depths = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), INDEXED: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}
    for colour, choices in depths.items():
        for depth in choices:
            for interlaced in (False, True):
                width, height = SIZES[3] if interlaced else (37, 29)
                encoded, shown = png_of(width, height, depth, colour, interlaced)
                yield Picture(f"{colour}-{depth}-{'adam7' if interlaced else 'plain'}.png", encoded, shown)
    for width, height in SIZES:
        encoded = saved(Image.fromarray(scene(width, height)), "PNG")
        yield Picture(f"pillow-{width}.png", encoded, reference(encoded))
        encoded, shown = png_of(width, height, 8, RGBA, True)
        yield Picture(f"adam7-{width}.png", encoded, shown)


def lzw_codes(indices, code_bits):
    """(code, its width) of a whole GIF frame."""
    clear = 1 << code_bits
    codes, table, before, emitted = [(clear, code_bits + 1)], {}, (), 0

    def put(code):
        nonlocal emitted
        known = clear + 2 + max(emitted - 1, 0)  # to the decoder, which is one behind
        codes.append((code, min(max(code_bits + 1, known.bit_length()), 12)))
        emitted += 1

    for index in indices:
        if not before or (*before, index) in table:
            before = (*before, index)
            continue
        put(before[0] if len(before) == 1 else table[before])
        table[(*before, index)] = clear + 2 + len(table)
        before = (index,)
        if clear + 2 + len(table) >= 4095:
            put(clear)
            table, emitted = {}, 0
    put(before[0] if len(before) == 1 else table[before])
    put(clear + 1)
    return codes


def gif_frame(canvas, at, indices, palette, transparent=None, code_bits=8):
    """A GIF written by hand, with its frame anywhere."""
    control = b"" if transparent is None else b"!\xf9\x04" + struct.pack("<BHB", 1, 0, transparent) + b"\0"
    height, width = indices.shape
    bits, held, data = 0, 0, bytearray()
    for code, code_width in lzw_codes(indices.ravel().tolist(), code_bits):
        held |= code << bits
        bits += code_width
        while bits >= 8:
            data.append(held & 255)
            held >>= 8
            bits -= 8
    data.append(held & 255)
    blocks = b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255))
    palette_bits = len(palette).bit_length() - 2
    screen = struct.pack("<HHBBB", *canvas, 0xF0 | palette_bits, 0, 0)
    frame = b"," + struct.pack("<HHHHB", *at, width, height, 0) + bytes([code_bits]) + blocks + b"\0"
    return b"GIF89a" + screen + palette.tobytes() + control + frame + b";"


def gifs():
    for width, height in SIZES:
        picture = Image.fromarray(scene(width, height))
        for name, encoded in {
            "palette": saved(picture.quantize(60), "GIF"),
            "grey": saved(picture.convert("L"), "GIF"),
            "plain": saved(picture.quantize(16), "GIF", interlace=0),
            "clear": saved(picture.quantize(16), "GIF", transparency=3),
        }.items():
            yield Picture(f"{name}-{width}.gif", encoded, reference(encoded))
    frames = [Image.fromarray(scene(40, 30)[:, ::step]).resize((40, 30)) for step in (1, -1)]
    encoded = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    yield Picture("animated.gif", encoded, reference(encoded))
    palette = np.random.default_rng(5).integers(0, 256, (256, 3), dtype=np.uint8)
    indices = alpha_of(20, 10)
    for name, canvas, transparent in (
        ("inside", (50, 40), None),
        ("inside-clear", (50, 40), 7),
        ("grows", (12, 5), None),
    ):
        encoded = gif_frame(canvas, (9, 6), indices, palette, transparent)
        yield Picture(f"{name}.gif", encoded, reference(encoded))
    drawn = np.asarray(Image.fromarray(scene(90, 70)).quantize(200))
    for code_bits in (8, 9, 10, 11):
        encoded = gif_frame((90, 70), (0, 0), drawn, palette, code_bits=code_bits)
        yield Picture(f"codes-{code_bits}.gif", encoded, reference(encoded))
    encoded = gif_frame((90, 70), (0, 0), drawn, palette[:4])  # which has fewer colours than the pixels
    yield Picture("short-palette.gif", encoded, reference(encoded))


def webps():
    for width, height in SIZES:
        picture = Image.fromarray(scene(width, height))
        clear = picture.copy()
        clear.putalpha(Image.fromarray(alpha_of(width, height)))
        for name, image, options in (
            ("lossy", picture, {"quality": 80}),
            ("lossless", picture, {"lossless": True}),
            ("lossy-alpha", clear, {"quality": 70}),
            ("lossless-alpha", clear, {"lossless": True, "exact": True}),
        ):
            encoded = saved(image, "WEBP", **options)
            yield Picture(f"{name}-{width}.webp", encoded, reference(encoded))
    frames = [clear, clear.transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    encoded = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    yield Picture("animated.webp", encoded, reference(encoded))


def bmps():
    picture = Image.fromarray(scene(33, 20))
    clear = picture.copy()
    clear.putalpha(Image.fromarray(alpha_of(33, 20)))
    for name, image in {
        "rgb": picture,
        "grey": picture.convert("L"),
        "palette": picture.quantize(200),
        "palette-4": picture.quantize(12),
        "bits": picture.convert("1"),
        "rgba": clear,
    }.items():
        encoded = saved(image, "BMP")
        yield Picture(f"{name}.bmp", encoded, reference(encoded))


def tiff(pixels, **options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, metadata=None, **options)
    return stream.getvalue()


def tiffs():
    colours = scene(64, 48)
    picture = Image.fromarray(colours)
    deep = (colours.astype(np.uint16) << 8) | np.random.default_rng(2).integers(0, 256, colours.shape, dtype=np.uint16)
    grey3 = np.repeat(colours[..., :1], 3, axis=2)
    for compression in (None, "lzw", "zlib", "packbits"):
        tile = (16, 32) if compression else (32, 32)  # Debian's libtiff fails on uncompressed ones of 1.5 KiB
        for name, tiles in (("strips", {"rowsperstrip": 5}), ("tiles", {"tile": tile})):
            tags = {"compression": compression, **tiles}
            if compression in ("lzw", "zlib"):
                tags["predictor"] = name == "tiles"
            kind = f"{compression}-{name}"
            yield Picture(f"rgb-{kind}.tif", tiff(colours, photometric="rgb", **tags), colours)
            yield Picture(f"rgb-16-{kind}.tif", tiff(deep, photometric="rgb", **tags), colours)
            yield Picture(f"grey-{kind}.tif", tiff(colours[..., 0], photometric="minisblack", **tags), grey3)
    yield Picture("grey-16.tif", tiff(deep[..., 0], photometric="minisblack"), grey3)
    yield Picture("white-is-zero.tif", tiff(255 - colours[..., 0], photometric="miniswhite"), grey3)
    yield Picture("big-endian.tif", tiff(deep, photometric="rgb", byteorder=">"), colours)
    yield Picture("planes.tif", tiff(np.moveaxis(colours, 2, 0), photometric="rgb", planarconfig="separate"), colours)
    yield Picture("pages.tif", tiff(np.stack([colours, colours[::-1]]), photometric="rgb"), colours)
    alpha = alpha_of(64, 48)
    clear = np.concatenate([colours, alpha[..., None]], axis=2)
    yield Picture(
        "straight.tif", tiff(clear, photometric="rgb", extrasamples=["unassalpha"]), over_white(colours, alpha)
    )
    deep_clear = clear.astype(np.uint16) * 257
    wide = tiff(deep_clear, photometric="rgb", extrasamples=["unassalpha"])
    yield Picture("straight-16.tif", wide, over_white(colours, alpha))
    done = (colours.astype(np.uint32) * alpha[..., None] // 255).astype(np.uint8)
    shown = np.minimum(255, done.astype(np.uint16) + 255 - alpha[..., None]).astype(np.uint8)
    before = np.concatenate([done, alpha[..., None]], axis=2)
    yield Picture("premultiplied.tif", tiff(before, photometric="rgb", extrasamples=["assocalpha"]), shown)
    for name, image, options, mean in (
        ("palette", picture.quantize(99), {}, 0.0),
        ("bits", picture.convert("1"), {}, 0.0),
        ("fax", picture.convert("1"), {"compression": "group4"}, 0.0),
        ("cmyk", picture.convert("CMYK"), {}, 1.0),
        ("jpeg", picture, {"compression": "jpeg", "quality": 90}, 1.0),
        ("deflate", picture, {"compression": "tiff_adobe_deflate"}, 0.0),
    ):
        encoded = saved(image, "TIFF", **options)
        yield Picture(f"{name}.tif", encoded, reference(encoded), mean)


def heifs():
    """Debian's decoders, used here, are older than those in Python's wheels and round between colours differently."""
    for width, height in ((64, 48), (200, 120)):
        picture = Image.fromarray(smooth(width, height))
        clear = picture.copy()
        clear.putalpha(
            Image.fromarray(np.repeat((255 * np.arange(width) // width)[None].astype(np.uint8), height, axis=0))
        )
        for chroma in (420, 444):
            encoded = saved(picture, "HEIF", quality=90, chroma=chroma)
            yield Picture(f"{chroma}-{width}.heic", encoded, reference(encoded), 2.0)
        exact = saved(picture, "HEIF", quality=-1, chroma=444, matrix_coefficients=0)
        yield Picture(f"lossless-{width}.heic", exact, np.asarray(picture))
        encoded = saved(clear, "HEIF", quality=90)
        yield Picture(f"alpha-{width}.heic", encoded, reference(encoded), 2.0)
        for name, image, options in (
            ("plain", picture, {"subsampling": "4:2:0"}),
            ("full", picture, {"subsampling": "4:4:4"}),
            ("alpha", clear, {}),
        ):
            encoded = saved(image, "AVIF", quality=90, **options)
            yield Picture(f"{name}-{width}.avif", encoded, reference(encoded), 2.0)
        for name in ("full", "limited"):  # libheif 1.15 shows the second 17 levels too dark
            encoded = saved(picture.convert("L"), "AVIF", quality=90, subsampling="4:0:0", range=name)
            yield Picture(f"grey-{name}-{width}.avif", encoded, reference(encoded), 0.3)


def upright(pixels, orientation):
    """Applies EXIF's orientation to pixels without using any decoder."""
    turns = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: p.swapaxes(0, 1)[:, ::-1],
        7: lambda p: p.swapaxes(0, 1)[::-1, ::-1],
        8: lambda p: p.swapaxes(0, 1)[::-1],
    }
    return turns[orientation](pixels)


def orientations():
    stored = scene(64, 48)
    picture = Image.fromarray(stored)
    for number in range(1, 9):
        block = exif(number)
        shown = upright(stored, number)
        encoded = saved(picture, "JPEG", quality=90, subsampling="4:4:4", exif=block)
        yield Picture(f"turn-{number}.jpg", encoded, reference(encoded), 1.0)
        yield Picture(f"turn-{number}.png", saved(picture, "PNG", exif=block), shown)
        yield Picture(f"turn-{number}.webp", saved(picture, "WEBP", lossless=True, exif=block), shown)
        little = tiff(stored, photometric="rgb", extratags=[(274, 3, 1, number, True)])
        yield Picture(f"turn-{number}.tif", little, shown)
        big = tiff(stored, photometric="rgb", byteorder=">", extratags=[(274, 3, 1, number, True)])
        yield Picture(f"turn-{number}-big.tif", big, shown)
        exact = saved(picture, "HEIF", quality=-1, chroma=444, matrix_coefficients=0, exif=block.tobytes())
        yield Picture(f"turn-{number}.heic", exact, shown)


def turned_by_xmp():
    """Without EXIF: as some editors leave a picture."""
    picture = Image.fromarray(scene(33, 20))
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", packet.decode())
    for kind, extension, options, mean in (
        ("JPEG", "jpg", {"xmp": packet}, 1.0),
        ("PNG", "png", {"pnginfo": text}, 0.0),
        ("WEBP", "webp", {"xmp": packet, "lossless": True}, 0.0),
        ("TIFF", "tif", {"tiffinfo": {700: packet}}, 0.0),
    ):
        encoded = saved(picture, kind, **options)
        pixels = reference(encoded)
        assert pixels.shape[:2] == (33, 20), kind
        yield Picture(f"xmp.{extension}", encoded, pixels, mean)


def dated():
    picture = Image.fromarray(smooth(64, 48))
    for name, block, taken in (
        ("original", exif(taken="2026:05:01 12:30:00", changed="2026:06:01 00:00:00"), "2026-05-01T12:30:00"),
        ("changed", exif(changed="2026:06:01 01:02:03"), "2026-06-01T01:02:03"),
        ("blank", exif(changed="    :  :     :  :  "), ""),
    ):
        for kind, extension, mean in (
            ("JPEG", "jpg", 1.0),
            ("PNG", "png", 0.0),
            ("WEBP", "webp", 0.0),
            ("TIFF", "tif", 0.0),
            ("HEIF", "heic", 2.0),
        ):
            encoded = saved(picture, kind, exif=block.tobytes() if kind == "HEIF" else block)
            told = (
                "2026-06-01T00:00:00" if (kind, name) == ("TIFF", "original") else taken
            )  # Pillow leaves the first out
            yield Picture(f"{name}.{extension}", encoded, reference(encoded), mean, taken=told)


def pictures():
    for makers in (jpegs, pngs, gifs, webps, bmps, tiffs, heifs, orientations, turned_by_xmp, dated):
        yield from makers()
