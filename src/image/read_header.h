// Reads the header of any format with small, bounded parsers of our own, so that no decoder ever sees a file
// that is not a picture or one that is too large. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <span>

#include "image/header.h"

namespace vignette {

Result<ImageHeader> read_header(std::span<const std::byte> encoded);

// The memory decode_image() will need at most, besides the encoded bytes: estimated from the header alone,
// too high rather than too low. 0 for what is refused because of its header.
std::size_t decode_bytes(std::span<const std::byte> encoded, const Limits& limits);

}  // namespace vignette
