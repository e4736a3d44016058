#include "image/bmp.h"

#include <cstdlib>
#include <limits>
#include <string>

#include "core/bytes_view.h"
#include "image/opencv_decode.h"
#include "image/refusal.h"

namespace vignette {
namespace {

constexpr std::size_t bmp_scratch = 6;  // OpenCV's matrix, and as much again while filling it
constexpr std::size_t info_start = 14;
constexpr std::uint32_t core_header = 12;  // OS/2
constexpr std::uint32_t bmp_uncompressed = 0;
constexpr std::uint32_t bit_fields = 3;

struct Layout {
    Size size;
    std::uint32_t bits = 0;     // per pixel
    std::size_t pixels_at = 0;  // the earliest offset of pixels: after the headers and the palette
};

// A palette without a count is complete.
std::size_t palette_size(std::uint32_t bits, std::uint32_t counted, std::size_t entry_size) {
    if (bits > 8) return 0;
    return (counted > 0 ? counted : std::size_t{1} << bits) * entry_size;
}

bool is_known_header(std::uint32_t bytes) {
    return bytes == core_header || bytes == 40 || bytes == 52 || bytes == 56 || bytes == 64 || bytes == 108 ||
           bytes == 124;
}

Result<Layout> read_layout(const BytesView& view) {
    if (!view.holds(info_start, 4)) return fail_truncated(ImageFormat::bmp);
    const std::uint32_t header_size = view.le32(info_start);
    if (!is_known_header(header_size))  // "BM" is a weak signature: any text may begin with it
        return fail_no_known_picture();
    if (!view.holds(info_start, header_size)) return fail_truncated(ImageFormat::bmp);
    if (header_size == core_header) {
        const Size size{static_cast<std::int32_t>(view.le16(18)), static_cast<std::int32_t>(view.le16(20))};
        const std::uint32_t bits = view.le16(24);
        return Layout{size, bits, info_start + header_size + palette_size(bits, 0, 3)};
    }
    const std::uint32_t compression = view.le32(30);
    if (compression != bmp_uncompressed && compression != bit_fields) return fail_variant("a compressed BMP");
    const auto height = static_cast<std::int32_t>(view.le32(22));  // negative: rows are stored top-down
    if (height == std::numeric_limits<std::int32_t>::min())
        return fail_damaged(ImageFormat::bmp, "its height makes no sense");
    const std::uint32_t colours = view.le32(46);
    if (colours > 256) return fail_damaged(ImageFormat::bmp, "its palette has more than 256 colours");
    const Size size{static_cast<std::int32_t>(view.le32(18)), std::abs(height)};
    const std::uint32_t bits = view.le16(28);
    return Layout{size, bits, info_start + header_size + palette_size(bits, colours, 4)};
}

bool is_known_depth(std::uint32_t bits) {
    return bits == 1 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32;
}

}  // namespace

Result<ImageHeader> read_bmp_header(std::span<const std::byte> encoded) {
    const Layout layout = TRY(read_layout(BytesView(encoded)));
    if (!is_known_depth(layout.bits))
        return fail_variant("a BMP with " + std::to_string(layout.bits) + " bits per pixel");
    return ImageHeader{ImageFormat::bmp, layout.size, 1, {}, bmp_scratch};
}

Result<Image> decode_bmp(std::span<const std::byte> encoded, Size size) {
    const BytesView view(encoded);
    const Layout layout = TRY(read_layout(view));
    const std::size_t row_bytes = (static_cast<std::size_t>(size.width) * layout.bits + 31) / 32 * 4;
    const std::size_t pixel_bytes = row_bytes * static_cast<std::size_t>(size.height);
    if (!view.holds(layout.pixels_at, 0) || !view.holds(view.le32(10), pixel_bytes))
        return fail_truncated(ImageFormat::bmp);
    return decode_with_opencv(encoded, ImageFormat::bmp, size);
}

}  // namespace vignette
