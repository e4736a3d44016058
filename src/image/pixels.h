// Memory for decoded pixels, and how the decoders of OpenCV are asked for them.
#pragma once

#include <cstddef>
#include <span>

#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

Result<Image> allocate_image(Size size);
std::unexpected<Error> fail_out_of_memory(Size size);

// For what own parsers have already found to be a whole PNG, WebP or BMP of that size.
Result<Image> decode_with_opencv(std::span<const std::byte> encoded, ImageFormat format, Size size);

// Turns a picture upright.
Result<Image> orient(Image image, int orientation);

}  // namespace vignette
