#include <algorithm>
#include <optional>
#include <string>

#include "image/exif.h"
#include "image/jpeg/jpeg.h"
#include "image/jpeg/walk.h"
#include "image/refusal.h"

namespace vignette {
namespace {

using namespace std::string_view_literals;

constexpr auto save_again = "save it again as an ordinary JPEG with 8 bits per sample, or as PNG"sv;
constexpr auto xmp_prefix = "http://ns.adobe.com/xap/1.0/\0"sv;
constexpr auto exif_prefix = "Exif\0\0"sv;
constexpr std::uint32_t progressive_frame = 0xC2;
constexpr std::uint32_t first_arithmetic_frame = 0xC9;

struct Frame {
    Size size;
    bool progressive = false;
    std::uint32_t components = 0;
    std::size_t coefficients = 0;  // bytes per pixel, if the decoder has to keep them
};

// Two bytes per sample of each component; a chroma sample may cover up to 16 pixels.
std::size_t coefficient_bytes(const BytesView& frame, std::uint32_t components) {
    std::uint32_t widest = 1;
    std::uint32_t tallest = 1;
    std::uint32_t samples = 0;
    for (std::uint32_t i = 0; i < components && frame.holds(6 + 3 * i, 3); ++i) {
        const std::uint32_t factors = frame.u8(6 + 3 * i + 1);
        widest = std::max(widest, factors >> 4);
        tallest = std::max(tallest, factors & 15U);
        samples += (factors >> 4) * (factors & 15U);
    }
    const std::size_t block = std::size_t{widest} * tallest;
    return (2 * std::size_t{samples} + block - 1) / block;
}

Result<Frame> read_frame(const JpegSegment& segment) {
    const BytesView& frame = segment.payload;
    if (segment.marker >= first_arithmetic_frame) return fail_variant("an arithmetic-coded JPEG", save_again);
    if (segment.marker > progressive_frame)
        return fail_variant("a lossless or hierarchical JPEG", save_again);
    if (!frame.holds(0, 6)) return fail_damaged(ImageFormat::jpeg, "its frame header is too short");
    if (frame.u8(0) != 8)
        return fail_variant("a JPEG with " + std::to_string(frame.u8(0)) + " bits per sample", save_again);
    const std::uint32_t components = frame.u8(5);
    if (components != 1 && components != 3 && components != 4)
        return fail_variant("a JPEG with " + std::to_string(components) + " channels", save_again);
    if (frame.be16(1) == 0) return fail_variant("a JPEG that gives its height only at the end", save_again);
    const Size size{static_cast<std::int32_t>(frame.be16(3)), static_cast<std::int32_t>(frame.be16(1))};
    return Frame{size, segment.marker == progressive_frame, components, coefficient_bytes(frame, components)};
}

// A pass over the picture costs time whatever is in it, and a few bytes may ask for one.
constexpr std::int64_t scan_pixels_max = 4'000'000'000;

int count_scans(JpegWalk walk) {
    int scans = 1;
    while (const std::optional<JpegSegment> segment = walk.next()) {
        if (segment->marker == jpeg_marker::end_of_image) break;
        if (segment->marker == jpeg_marker::start_of_scan) ++scans;
    }
    return scans;
}

struct Metadata {
    std::optional<ExifFacts> exif;
    std::span<const std::byte> xmp;
};

// `walk` stands after the first scan's header.
Result<ImageHeader> header_of(
    const Frame& frame, const Metadata& said, const BytesView& scan, const JpegWalk& walk
) {
    const ExifFacts exif = said.exif.value_or(ExifFacts{});
    ImageHeader header{ImageFormat::jpeg, frame.size, orientation_of(exif, said.xmp), exif.taken};
    const bool one_scan = scan.holds(0, 1) && scan.u8(0) == frame.components;
    if (frame.components == 4) header.scratch += 4;
    if (!frame.progressive && one_scan) return header;
    header.scratch += frame.coefficients;
    header.scans = count_scans(walk);
    if (frame.size.pixels() * header.scans <= scan_pixels_max) return header;
    return fail(
        ErrorCode::too_large,
        "the JPEG goes " + std::to_string(header.scans) + " times over " +
            std::to_string(frame.size.pixels()) +
            " pixels, which takes too long to decode; save it again, not as a progressive JPEG"
    );
}

}  // namespace

Result<ImageHeader> read_jpeg_header(std::span<const std::byte> encoded) {
    std::optional<Frame> frame;
    Metadata said;
    JpegWalk walk(encoded);
    while (const std::optional<JpegSegment> segment = walk.next()) {
        const auto& [marker, payload] = *segment;
        if (marker == jpeg_marker::end_of_image) break;
        if (jpeg_marker::is_frame(marker)) {
            if (frame) return fail_damaged(ImageFormat::jpeg, "it has two frame headers");
            frame = TRY(read_frame(*segment));
        } else if (marker == jpeg_marker::app1 && !said.exif && payload.has(0, exif_prefix)) {
            said.exif = read_exif(payload.bytes());
        } else if (marker == jpeg_marker::app1 && payload.has(0, xmp_prefix)) {
            said.xmp = payload.bytes();
        } else if (marker == jpeg_marker::start_of_scan) {
            if (!frame) return fail_damaged(ImageFormat::jpeg, "it has no frame header");
            return header_of(*frame, said, payload, walk);
        }
    }
    return fail_truncated(ImageFormat::jpeg);
}

}  // namespace vignette
