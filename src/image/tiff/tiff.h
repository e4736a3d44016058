// TIFF: the first page, in strips or tiles, 1 to 16 bits, through OpenCV.
#pragma once

#include "image/header.h"

namespace vignette {

Result<ImageHeader> read_tiff_header(std::span<const std::byte> encoded);

// As stored, not yet upright; blended over white.
Result<Image> decode_tiff(std::span<const std::byte> encoded, Size size);

}  // namespace vignette
