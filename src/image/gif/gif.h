// GIF: the first frame, on its canvas, as Pillow shows it.
#pragma once

#include "image/header.h"

namespace vignette {

Result<ImageHeader> read_gif_header(std::span<const std::byte> encoded);

Result<Image> decode_gif(std::span<const std::byte> encoded, Size size);

}  // namespace vignette
