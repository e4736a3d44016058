// A camera's raw file: the sensor's own values, which have to be developed into a picture, and beside them,
// mostly, JPEG previews. docs/raw.md says what is taken of it.
#pragma once

#include <span>

#include "image/decode_need.h"
#include "image/header.h"
#include "image/tiff/directory.h"

namespace vignette {

// DNG and its like are TIFFs: their contents distinguish them from a TIFF picture. The others have
// signatures.
bool is_raw(std::span<const std::byte> encoded);

// The size is the sensor's. The orientation is that of IFD0, whatever the previews say about themselves.
Result<ImageHeader> read_raw_header(std::span<const std::byte> encoded);

struct RawPixels {
    Image image;  // as stored, not yet upright
    PixelPath path = PixelPath::half;
};

Result<RawPixels> decode_raw(
    std::span<const std::byte> encoded, const ImageHeader& header, const Limits& limits,
    const DecodeNeed& need
);

}  // namespace vignette
