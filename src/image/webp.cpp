#include "image/webp.h"

#include <optional>

#include "image/bytes_view.h"
#include "image/exif.h"
#include "image/pixels.h"
#include "image/sniff.h"

namespace vignette {
namespace {

constexpr std::size_t first_chunk = 12;  // behind "RIFF", the size and "WEBP"
constexpr std::size_t data_start = first_chunk + 8;
constexpr std::size_t smallest = 32;  // what OpenCV asks for; encoders write 34 for a single pixel
constexpr std::uint32_t animation_flag = 0x02;
constexpr std::uint32_t exif_flag = 0x08;
// OpenCV asks its decoders in turn. A WebP that libwebp does not want would come to GDCM or, by way of a file
// in /tmp, to GDAL, if it held their signatures, which stand far behind its beginning. Found by fuzzing.
constexpr std::size_t dicom_offset = 128;
constexpr std::size_t dted_offset = 140;

constexpr std::uint32_t side_mask = 0x3FFF;

Size make_size(std::uint32_t width, std::uint32_t height) {
    return {static_cast<std::int32_t>(width), static_cast<std::int32_t>(height)};
}

Result<Size> read_lossy_size(const BytesView& view) {
    if ((view.u8(data_start) & 1U) != 0 || !view.has(data_start + 3, "\x9D\x01\x2A"))
        return fail_damaged(ImageFormat::webp, "it does not begin with a picture");
    return make_size(view.le16(data_start + 6) & side_mask, view.le16(data_start + 8) & side_mask);
}

Result<Size> read_lossless_size(const BytesView& view) {
    if (view.u8(data_start) != 0x2F)
        return fail_damaged(ImageFormat::webp, "it does not begin with a picture");
    const std::uint32_t sides = view.le32(data_start + 1);
    return make_size((sides & side_mask) + 1, (sides >> 14 & side_mask) + 1);
}

// EXIF is a chunk behind the pixels and may begin as it does in a JPEG.
ExifFacts find_exif(const BytesView& view) {
    using namespace std::string_view_literals;
    constexpr auto prefix = "Exif\0\0"sv;
    for (std::size_t offset = first_chunk; view.holds(offset, 8);) {
        const std::size_t size = view.le32(offset + 4);
        if (!view.holds(offset + 8, size)) return {};
        if (view.has(offset, "EXIF")) {
            const BytesView exif = view.part(offset + 8, size);
            const std::size_t start = exif.has(0, prefix) ? prefix.size() : 0;
            return read_exif(exif.part(start, size - start).bytes());
        }
        offset += 8 + size + size % 2;
    }
    return {};
}

}  // namespace

Result<ImageHeader> read_webp_header(std::span<const std::byte> encoded) {
    const BytesView view(encoded);
    if (!view.holds(0, smallest)) return fail_truncated(ImageFormat::webp);
    if (view.has(first_chunk, "VP8 ")) return ImageHeader{ImageFormat::webp, TRY(read_lossy_size(view)), 1};
    if (view.has(first_chunk, "VP8L"))
        return ImageHeader{ImageFormat::webp, TRY(read_lossless_size(view)), 1};
    if (!view.has(first_chunk, "VP8X"))
        return fail_damaged(ImageFormat::webp, "it does not begin with a picture");

    const std::uint32_t flags = view.u8(data_start);
    if ((flags & animation_flag) != 0) return fail_variant("an animated WebP");
    const Size canvas = make_size(view.le24(data_start + 4) + 1, view.le24(data_start + 7) + 1);
    const auto [orientation, taken] = (flags & exif_flag) != 0 ? find_exif(view) : ExifFacts{};
    return ImageHeader{ImageFormat::webp, canvas, orientation, taken};
}

Result<Image> decode_webp(std::span<const std::byte> encoded, Size size) {
    const BytesView view(encoded);
    if (!view.holds(8, view.le32(4))) return fail_truncated(ImageFormat::webp);
    if (view.has(dicom_offset, "DICM") || view.has(dted_offset, "DTED"))
        return fail_damaged(ImageFormat::webp, "it claims to be another format as well");
    return decode_with_opencv(encoded, ImageFormat::webp, size);
}

}  // namespace vignette
