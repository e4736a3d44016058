// WebP, lossy and lossless, straight through libwebp; of an animation its first frame.
#pragma once

#include "image/header.h"

namespace vignette {

Result<ImageHeader> read_webp_header(std::span<const std::byte> encoded);

// As stored, not yet upright; over white where it is transparent.
Result<Image> decode_webp(std::span<const std::byte> encoded, Size size);

}  // namespace vignette
