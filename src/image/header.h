// What a picture's header says, and whether the picture may be decoded at all.
// Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <string>

#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/limits.h"

namespace vignette {

struct ImageHeader {
    ImageFormat format = ImageFormat::jpeg;
    Size size;                // as stored, before the orientation is applied
    int orientation = 1;      // EXIF's 1 to 8, still to be applied
    std::string taken;        // see ImageInfo
    std::size_t scratch = 0;  // the most bytes per pixel its decoder needs, besides the pixels themselves
    bool grey = false;        // a HEIC or AVIF without colours
    int scans = 1;            // how often a JPEG's decoder goes over the picture
    bool operator==(const ImageHeader&) const = default;
};

Result<void> check_header(const ImageHeader& header, std::size_t encoded_bytes, const Limits& limits);

}  // namespace vignette
