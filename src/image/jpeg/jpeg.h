// JPEG: baseline and progressive, 8 bits, grey, colour and CMYK.
#pragma once

#include "image/header.h"

namespace vignette {

Result<ImageHeader> read_jpeg_header(std::span<const std::byte> encoded);

// A JPEG can be decoded at any number of eighths of its width and height: high frequencies are dropped before
// they become pixels.
inline constexpr int jpeg_whole = 8;

// 1, 2, 4 or 8: the fewest that leave enough pixels to make a picture of size `cover`. docs/pictures.md says
// why.
int jpeg_eighths(Size stored, Size cover);

// As stored, not yet upright. At full size the pixels equal Pillow's convert("RGB"). `sink` may be null.
Result<Image> decode_jpeg(
    std::span<const std::byte> encoded, Size size, int eighths = jpeg_whole, RowSink* sink = nullptr
);

}  // namespace vignette
