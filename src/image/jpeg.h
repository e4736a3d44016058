// JPEG: baseline and progressive, 8 bits, grey, colour and CMYK.
#pragma once

#include "image/header.h"

namespace vignette {

Result<ImageHeader> read_jpeg_header(std::span<const std::byte> encoded);

// As stored, not yet upright. Pixels are those of Pillow's convert("RGB").
Result<Image> decode_jpeg(std::span<const std::byte> encoded, Size size);

}  // namespace vignette
