"""Why some real files are not read as Pillow reads them. A path's end, and the reason; each must be needed."""

DIFFERENT = {
    "pal4rletrns.bmp": "pixels that the file leaves out are undefined",
    "pal8rletrns.bmp": "the same",
    "i_trns.png": "16-bit grey with a transparent value: shown over white; Pillow shows it as it is",
    "exif_imagemagick_orientation.png": "orientation in a text chunk of ImageMagick's, which is not read",
}

REFUSED = {
    "bmp/b/badplanes.bmp": "a BMP that claims to have no planes",
    "bmp/b/badrle.bmp": "runs beyond the end of a row",
    "bmp/b/rletopdown.bmp": "a compressed BMP must not be top-down",
    "bmp/q/pal8os2v2.bmp": "OS/2 2.x",
    "clipboard.dib": "a BMP without its file header",
    "mmap_error.bmp": "its last byte is missing",
    "issue_2811.gif": "its first frame is cut short",
    "hopper_unexpected.ico": "the picture is larger than the directory says",
    "tiff_wrong_bits_per_sample.tiff": "its strips are shorter than its size needs",
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
)
