// WebP stills, lossy and lossless; alpha is dropped.
#pragma once

#include "image/header.h"

namespace vignette {

Result<ImageHeader> read_webp_header(std::span<const std::byte> encoded);

// As stored, not yet upright.
Result<Image> decode_webp(std::span<const std::byte> encoded, Size size);

}  // namespace vignette
