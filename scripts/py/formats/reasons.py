"""Why some real files are not read as Pillow or PyAV read them. A path's end, and the reason; each must be needed."""

GREY_WITH_A_TRANSPARENT_VALUE = "Pillow compares the value of 2 or 4 bits with pixels that it has widened to 8"
TOO_LONG = "a side above our limit of 32,767 pixels"

DIFFERENT = {
    "pal4rletrns.bmp": "pixels that the file leaves out are undefined",
    "pal8rletrns.bmp": "the same",
    "i_trns.png": "16-bit grey with a transparent value: shown over white; Pillow shows it as it is",
    "exif_imagemagick_orientation.png": "orientation in a text chunk of ImageMagick's, which is not read",
    "tests/avif/baboon.avif": "colours of half the resolution, in fur: each library fills them in its own way",
    "gray-2-1.8-tRNS.png": GREY_WITH_A_TRANSPARENT_VALUE,
    "gray-2-linear-tRNS.png": GREY_WITH_A_TRANSPARENT_VALUE,
    "gray-2-sRGB-tRNS.png": GREY_WITH_A_TRANSPARENT_VALUE,
    "gray-2-tRNS.png": GREY_WITH_A_TRANSPARENT_VALUE,
    "gray-4-1.8-tRNS.png": GREY_WITH_A_TRANSPARENT_VALUE,
    "gray-4-linear-tRNS.png": GREY_WITH_A_TRANSPARENT_VALUE,
    "gray-4-sRGB-tRNS.png": GREY_WITH_A_TRANSPARENT_VALUE,
    "gray-4-tRNS.png": GREY_WITH_A_TRANSPARENT_VALUE,
    "/pngtest.png": "its EXIF stands behind the pixels, where no header is looked for",
    "testdata/mkv.mkv": "its times begin anew in the middle; ours never decrease",
}

REFUSED = {
    "bmp/b/badplanes.bmp": "a BMP that claims to have no planes",
    "bmp/b/badrle.bmp": "runs beyond the end of a row",
    "bmp/b/rletopdown.bmp": "a compressed BMP must not be top-down",
    "bmp/q/pal8os2v2.bmp": "OS/2 2.x",
    "mmap_error.bmp": "its last byte is missing",
    "hopper_unexpected.ico": "the picture is larger than the directory says",
    "tiff_wrong_bits_per_sample.tiff": "its strips are shorter than its size needs",
    "max-height.gif": TOO_LONG,
    "max-height.png": TOO_LONG,
    "max-width.gif": TOO_LONG,
    "max-width.png": TOO_LONG,
    "colormap-too-small.tga": "its pixels name colours that its palette lacks",
    "bug_double_free.jpg": "its end is missing",
    "crashers/badcrc.png": "a checksum is wrong",
    "crashers/huge_IDAT.png": "its end is missing",
}

# What a message may say of a whole kind of file: refused by name, with what to send instead.
NAMED = (
    "floating-point or signed samples",
    " bits per sample",
    "in colour space 8",
    "(BigTIFF)",
    "with compression ",
    "16-bit samples in separate planes",
    "with 2 channels",
    "uncompressed tiles of this size",
    "the film uses the codec",
    "not a film in a supported container",
)
