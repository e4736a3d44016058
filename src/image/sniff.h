// Identifies a file by its first bytes; its name and declared media type are ignored.
#pragma once

#include <cstddef>
#include <span>

#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

// A supported format, or an error that says what the file is instead and what to send.
Result<ImageFormat> sniff(std::span<const std::byte> encoded);

}  // namespace vignette
