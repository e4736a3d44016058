#include <optional>
#include <string>

#include "image/exif.h"
#include "image/jpeg.h"
#include "image/jpeg_walk.h"
#include "image/sniff.h"

namespace vignette {
namespace {

using namespace std::string_view_literals;

constexpr auto exif_prefix = "Exif\0\0"sv;
constexpr std::uint32_t progressive_frame = 0xC2;
constexpr std::uint32_t first_arithmetic_frame = 0xC9;

Result<Size> read_frame(const JpegSegment& segment) {
    const BytesView& frame = segment.payload;
    if (segment.marker >= first_arithmetic_frame) return fail_variant("an arithmetic-coded JPEG");
    if (segment.marker > progressive_frame) return fail_variant("a lossless or hierarchical JPEG");
    if (!frame.holds(0, 6)) return fail_damaged(ImageFormat::jpeg, "its frame header is too short");
    if (frame.u8(0) != 8) return fail_variant("a JPEG of " + std::to_string(frame.u8(0)) + " bits a sample");
    const std::uint32_t components = frame.u8(5);
    if (components != 1 && components != 3 && components != 4)
        return fail_variant("a JPEG of " + std::to_string(components) + " channels");
    if (frame.be16(1) == 0) return fail_variant("a JPEG that tells its height only at the end");
    return Size{static_cast<std::int32_t>(frame.be16(3)), static_cast<std::int32_t>(frame.be16(1))};
}

}  // namespace

Result<ImageHeader> read_jpeg_header(std::span<const std::byte> encoded) {
    std::optional<Size> size;
    std::optional<ExifFacts> exif;
    JpegWalk walk(encoded);
    while (const std::optional<JpegSegment> segment = walk.next()) {
        const auto& [marker, payload] = *segment;
        if (marker == jpeg_marker::end_of_image) break;
        if (jpeg_marker::is_frame(marker)) {
            if (size) return fail_damaged(ImageFormat::jpeg, "it has two frame headers");
            size = TRY(read_frame(*segment));
        } else if (marker == jpeg_marker::app1 && !exif && payload.has(0, exif_prefix)) {
            const std::size_t start = exif_prefix.size();
            exif = read_exif(payload.part(start, payload.size() - start).bytes());
        } else if (marker == jpeg_marker::start_of_scan) {
            if (!size) return fail_damaged(ImageFormat::jpeg, "it has no frame header");
            const auto [orientation, taken] = exif.value_or(ExifFacts{});
            return ImageHeader{ImageFormat::jpeg, *size, orientation, taken};
        }
    }
    return fail_truncated(ImageFormat::jpeg);
}

}  // namespace vignette
