// How a camera was held.
#pragma once

#include <cstddef>
#include <span>

namespace vignette {

// The orientation, 1 to 8, in the first directory of an EXIF block (which is a small TIFF file, of either
// byte order); 1, upright, where it says nothing or nothing sensible.
int read_orientation(std::span<const std::byte> exif);

}  // namespace vignette
