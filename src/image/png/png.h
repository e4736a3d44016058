// PNG: every bit depth and colour type, interlaced or not; 16-bit samples keep their high byte, what is
// transparent is shown over white.
#pragma once

#include "image/header.h"

namespace vignette {

Result<ImageHeader> read_png_header(std::span<const std::byte> encoded);

// As stored, not yet upright.
Result<Image> decode_png(std::span<const std::byte> encoded, Size size);

}  // namespace vignette
