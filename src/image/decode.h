// A stranger's bytes in, upright RGB pixels out. Any thread.
#pragma once

#include <cstddef>
#include <span>

#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/limits.h"

namespace vignette {

// What is going to be done with the pixels; fewer than these are never decoded where the file has them.
struct DecodeNeed {
    Size cover;  // the model's input: both sides at least that long, as shown; empty: the whole picture
    bool fast = false;        // a JPEG may be decoded at a fraction of its size
    RowSink* sink = nullptr;  // told of the rows where they come upright and from the top: most JPEGs
};

struct DecodedImage {
    Image image;
    ImageInfo info;
};

// Pixels are those of Pillow's exif_transpose() and convert("RGB"), which the reference processors are fed
// with, but for what is transparent: that is shown over white, where Pillow would show whatever colour lies
// hidden there. Colour profiles are ignored. A file that is cut short is an error, never a picture that is
// grey below; only a JPEG that merely lacks its end marker is taken, as by Pillow. docs/pictures.md has the
// rules.
Result<DecodedImage> decode_image(
    std::span<const std::byte> encoded, const Limits& limits, const DecodeNeed& need = {}
);

}  // namespace vignette
