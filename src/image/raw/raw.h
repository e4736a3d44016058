// A camera raw file: the sensor's own values, which have to be developed into a picture, and usually JPEG
// previews beside them. docs/raw.md says which of them is used.
#pragma once

#include <span>

#include "image/decode_need.h"
#include "image/header.h"
#include "image/tiff/directory.h"

namespace vignette {

// DNG and similar formats are TIFFs, distinguished from TIFF pictures by their contents. The others have
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
