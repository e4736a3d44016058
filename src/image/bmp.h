// BMP: uncompressed, 1 to 32 bits, top-down or bottom-up; a fourth byte is ignored, as in Pillow.
#pragma once

#include "image/header.h"

namespace vignette {

Result<ImageHeader> read_bmp_header(std::span<const std::byte> encoded);

Result<Image> decode_bmp(std::span<const std::byte> encoded, Size size);

}  // namespace vignette
