// How the decoders of OpenCV are asked for pixels.
#pragma once

#include <cstddef>
#include <span>

#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

// What OpenCV hands out of a file. Samples of 16 bits keep their high byte; what is transparent is shown over
// white.
enum class OpencvSamples {
    colours,        // it makes three channels of 8 bits of whatever is there
    stored,         // one, three or four channels, 8 or 16 bits
    premultiplied,  // the same, but a fourth channel was already multiplied with the others
};

// For what own parsers have already found to be a whole BMP or TIFF of that size.
Result<Image> decode_with_opencv(
    std::span<const std::byte> encoded, ImageFormat format, Size size,
    OpencvSamples samples = OpencvSamples::colours
);

}  // namespace vignette
