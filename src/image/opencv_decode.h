// Decodes pixels with OpenCV.
#pragma once

#include <cstddef>
#include <span>

#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

// The form in which OpenCV returns pixels. 16-bit samples keep their high byte; transparent pixels are
// blended over white.
enum class OpencvSamples {
    colours,        // three channels of 8 bits, converted from whatever is stored
    stored,         // one, three or four channels, 8 or 16 bits
    premultiplied,  // the same, but the others are already multiplied by the fourth channel
};

// Only for files that our own parsers have found to be a complete BMP or TIFF of this size.
Result<Image> decode_with_opencv(
    std::span<const std::byte> encoded, ImageFormat format, Size size,
    OpencvSamples samples = OpencvSamples::colours
);

}  // namespace vignette
