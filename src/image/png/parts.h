// What of a PNG its pixels come from.
#pragma once

#include <cstdint>

#include "image/bytes_view.h"
#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

struct PngLayout {
    static constexpr std::uint32_t grey = 0, rgb = 2, indexed = 3, grey_alpha = 4, rgba = 6;

    Size size;
    std::uint32_t depth = 8;   // bits of a sample: 1, 2, 4, 8 or 16
    std::uint32_t colour = 0;  // one of the five above
    bool interlaced = false;

    std::uint32_t channels() const;
    std::size_t row_bytes(std::int32_t width) const {
        return (static_cast<std::size_t>(width) * channels() * depth + 7) / 8;
    }
    std::size_t pixel_bytes() const { return (channels() * depth + 7) / 8; }
};

struct PngParts {
    PngLayout layout;
    BytesView palette{{}};       // three bytes a colour
    BytesView transparency{{}};  // of the palette's colours, or the one colour that is transparent
    Bytes data;                  // compressed
};

// Checks the checksums of these parts and of nothing else: colour profiles, texts and times are not looked
// at.
Result<PngParts> read_png_parts(std::span<const std::byte> encoded);

}  // namespace vignette
