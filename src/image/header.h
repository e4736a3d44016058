// What a picture says about itself before anything of it is decoded: read by own, bounded parsers, so that no
// library sees a file that is not a picture, or one that is too large. Pixels are not touched.
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
    Size size;            // as stored, before the orientation is applied
    int orientation = 1;  // EXIF's 1 to 8
    std::string taken{};  // as in ImageInfo
    bool operator==(const ImageHeader&) const = default;
};

Result<ImageHeader> read_header(std::span<const std::byte> encoded);

// About how much memory decoding takes at its peak; 0 where the header is refused anyway. Nothing is decoded.
std::size_t decode_bytes(std::span<const std::byte> encoded, const Limits& limits);

Result<void> check_header(const ImageHeader& header, std::size_t encoded_bytes, const Limits& limits);

}  // namespace vignette
