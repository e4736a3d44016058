#include "image/jpeg/walk.h"

#include <algorithm>

namespace vignette {
namespace {

// A stuffed zero, a restart marker inside compressed data, and the two other markers without a length.
bool stands_alone(std::uint32_t marker) {
    return marker <= 0x01 || (marker >= 0xD0 && marker <= jpeg_marker::start_of_image);
}

}  // namespace

std::optional<std::uint32_t> JpegWalk::next_marker() {
    const std::span<const std::byte> bytes = view_.bytes();
    while (true) {
        const auto fill = std::ranges::find(bytes.subspan(std::min(offset_, bytes.size())), std::byte{0xFF});
        const auto code =
            std::find_if(fill, bytes.end(), [](std::byte byte) { return byte != std::byte{0xFF}; });
        if (code == bytes.end()) return std::nullopt;
        offset_ = static_cast<std::size_t>(code - bytes.begin()) + 1;
        const auto marker = std::to_integer<std::uint32_t>(*code);
        if (!stands_alone(marker)) return marker;
    }
}

std::optional<JpegSegment> JpegWalk::next() {
    const std::optional<std::uint32_t> marker = next_marker();
    if (!marker) return std::nullopt;
    if (*marker == jpeg_marker::end_of_image) return JpegSegment{*marker, BytesView({})};
    if (!view_.holds(offset_, 2)) return std::nullopt;
    const std::size_t length = std::max(view_.be16(offset_), 2U);  // includes the length field itself
    if (!view_.holds(offset_, length)) return std::nullopt;
    const BytesView payload = view_.part(offset_ + 2, length - 2);
    offset_ += length;
    return JpegSegment{*marker, payload};
}

}  // namespace vignette
