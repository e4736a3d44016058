// What a PNG's pixels come from, without the rest of the file.
#pragma once

#include <span>

#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

// A PNG of the chunks that decide the pixels: header, palette, transparency and data. Colour profiles, texts,
// times and animations never reach the decoder. Fails where the file ends before its end chunk, or lacks
// pixels or colours.
Result<Bytes> read_png_parts(std::span<const std::byte> encoded);

}  // namespace vignette
