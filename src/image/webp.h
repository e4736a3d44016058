// WebP, lossy and lossless, through libwebp itself; the first frame of an animation.
#pragma once

#include "image/header.h"

namespace vignette {

Result<ImageHeader> read_webp_header(std::span<const std::byte> encoded);

// As stored, not yet upright; blended over white.
Result<Image> decode_webp(std::span<const std::byte> encoded, Size size);

}  // namespace vignette
