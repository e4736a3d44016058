// What a picture says about itself before anything of it is decoded: read by own, bounded parsers, so that no
// library sees a file that is not a picture, or one that is too large.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/limits.h"

namespace vignette {

struct ImageHeader {
    ImageFormat format = ImageFormat::jpeg;
    Size size;                // as stored, before the orientation is applied
    int orientation = 1;      // EXIF's 1 to 8, which is left to be applied
    std::string taken;        // see ImageInfo
    std::size_t scratch = 0;  // bytes for each pixel that its decoder holds at its worst, besides the pixels
    bool operator==(const ImageHeader&) const = default;
};

Result<ImageHeader> read_header(std::span<const std::byte> encoded);

Result<void> check_header(const ImageHeader& header, std::size_t encoded_bytes, const Limits& limits);

// What decode_image() will hold at its worst, besides the encoded bytes: an estimate from the header alone,
// rather too high than too low. 0 for what it refuses by its header.
std::size_t decode_bytes(std::span<const std::byte> encoded, const Limits& limits);

}  // namespace vignette
