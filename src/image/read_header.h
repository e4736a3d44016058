// Reads the header of any format with small, bounded parsers of our own, so that no decoder ever sees a file
// that is too large or not a picture. Camera raw is the exception: LibRaw reads the headers of some makers.
// Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <span>

#include "image/header.h"

namespace vignette {

Result<ImageHeader> read_header(std::span<const std::byte> encoded);

// The most memory decode_image() will need besides the encoded bytes: estimated from the header alone, too
// high rather than too low.
std::size_t decode_bytes(const ImageHeader& header, std::size_t encoded_bytes);

}  // namespace vignette
