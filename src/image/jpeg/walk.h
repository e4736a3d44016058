// Steps through the segments of a JPEG. Like libjpeg, it skips compressed data and junk between them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/bytes_view.h"

namespace vignette {

namespace jpeg_marker {
inline constexpr std::uint32_t start_of_image = 0xD8;
inline constexpr std::uint32_t end_of_image = 0xD9;
inline constexpr std::uint32_t start_of_scan = 0xDA;
inline constexpr std::uint32_t app1 = 0xE1;

// Start of frame: C0 to CF, except for three with other meanings.
constexpr bool is_frame(std::uint32_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}
}  // namespace jpeg_marker

struct JpegSegment {
    std::uint32_t marker = 0;
    BytesView payload;
};

class JpegWalk {
public:
    explicit JpegWalk(std::span<const std::byte> encoded) : view_(encoded) {}

    // Empty when the file ends before the segment does.
    std::optional<JpegSegment> next();

private:
    std::optional<std::uint32_t> next_marker();

    BytesView view_;
    std::size_t offset_ = 2;  // after the start-of-image marker
};

}  // namespace vignette
