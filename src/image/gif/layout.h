// The layout of a GIF, up to the end of its first frame.
#pragma once

#include <optional>

#include "core/bytes_view.h"
#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

struct GifLayout {
    Size canvas;
    Size frame_at;  // the first frame's corner on the canvas
    Size frame;
    std::optional<std::uint32_t> transparent;  // a palette index
    BytesView palette{{}};                     // three bytes per colour
    bool interlaced = false;
    std::uint32_t code_bits = 0;  // of a pixel; giflib reads up to 8
    BytesView packed{{}};         // the blocks of the first frame's pixels
};

Result<GifLayout> read_gif_layout(const BytesView& view);

}  // namespace vignette
