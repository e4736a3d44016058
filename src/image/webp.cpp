#include "image/webp.h"

#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <memory>

#include "core/bytes_view.h"
#include "image/alpha.h"
#include "image/exif.h"
#include "image/pixels.h"
#include "image/refusal.h"

namespace vignette {
namespace {

constexpr std::size_t first_chunk = 12;  // after "RIFF", the size and "WEBP"
constexpr std::size_t data_start = first_chunk + 8;
constexpr std::size_t smallest =
    30;  // a header and the first bytes of a picture; encoders write 34 for a single pixel
constexpr std::uint32_t exif_flag = 0x08;
constexpr std::uint32_t xmp_flag = 0x04;
constexpr std::uint32_t side_mask = 0x3FFF;

// Bytes per pixel inside libwebp, and four of our own if there is alpha. A lossless picture is decoded as a
// whole.
constexpr std::size_t lossy_scratch = 1;
constexpr std::size_t lossless_scratch = 8;
constexpr std::size_t extended_scratch = 9;  // either of them, with alpha

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

// EXIF and XMP are chunks after the pixels.
BytesView find_chunk(const BytesView& view, std::string_view name) {
    for (std::size_t offset = first_chunk; view.holds(offset, 8);) {
        const std::size_t size = view.le32(offset + 4);
        if (!view.holds(offset + 8, size)) break;
        if (view.has(offset, name)) return view.part(offset + 8, size);
        offset += 8 + size + size % 2;
    }
    return BytesView({});
}

Result<ImageHeader> read_extended_header(const BytesView& view) {
    const std::uint32_t flags = view.u8(data_start);
    const Size canvas = make_size(view.le24(data_start + 4) + 1, view.le24(data_start + 7) + 1);
    ExifFacts exif;
    if ((flags & exif_flag) != 0) exif = read_exif(find_chunk(view, "EXIF").bytes());
    const BytesView xmp = (flags & xmp_flag) != 0 ? find_chunk(view, "XMP ") : BytesView({});
    const int orientation = orientation_of(exif, xmp.bytes());
    return ImageHeader{ImageFormat::webp, canvas, orientation, exif.taken, extended_scratch};
}

// A picture without a container.
struct Still {
    std::span<const std::byte> bytes;
    Size size;
};

Result<void> decode_opaque(const Still& still, Image& image) {
    const int stride = still.size.width * 3;
    if (WebPDecodeRGBInto(
            data_of(still.bytes), still.bytes.size(), image.rgb.data(), image.rgb.size(), stride
        ) == nullptr)
        return fail_damaged(ImageFormat::webp, "its pixels cannot be decoded");
    return {};
}

Result<Samples> decode_transparent(const Still& still) {
    Samples rgba = TRY(allocate_rgba(still.size));
    if (WebPDecodeRGBAInto(
            data_of(still.bytes), still.bytes.size(), rgba.data(), rgba.size(), still.size.width * 4
        ) == nullptr)
        return fail_damaged(ImageFormat::webp, "its pixels cannot be decoded");
    return rgba;
}

struct Deleter {
    void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};

// The area around a frame that does not cover its canvas is transparent, so white.
Result<Image> decode_first_frame(std::span<const std::byte> encoded, Size canvas) {
    const WebPData data{data_of(encoded), encoded.size()};
    const std::unique_ptr<WebPDemuxer, Deleter> demuxer(WebPDemux(&data));
    WebPIterator frame{};
    if (!demuxer || WebPDemuxGetFrame(demuxer.get(), 1, &frame) == 0)
        return fail_damaged(ImageFormat::webp, "its first frame cannot be found");
    const std::size_t start = static_cast<std::size_t>(frame.fragment.bytes - data.bytes);
    const Still still{encoded.subspan(start, frame.fragment.size), {frame.width, frame.height}};
    const Size at{frame.x_offset, frame.y_offset};
    WebPDemuxReleaseIterator(&frame);
    if (at.width < 0 || at.height < 0 || at.width > canvas.width - still.size.width ||
        at.height > canvas.height - still.size.height)
        return fail_damaged(ImageFormat::webp, "its first frame is outside the picture");

    const Samples rgba = TRY(decode_transparent(still));
    Image image = TRY(allocate_image(canvas));
    std::ranges::fill(image.rgb, std::uint8_t{255});
    const auto width = static_cast<std::size_t>(still.size.width);
    for (std::int32_t y = 0; y < still.size.height; ++y) {
        const auto row = static_cast<std::size_t>(canvas.width) * static_cast<std::size_t>(at.height + y) +
                         static_cast<std::size_t>(at.width);
        blend_over_white(
            std::span(rgba).subspan(static_cast<std::size_t>(y) * width * 4, width * 4),
            std::span(image.rgb).subspan(row * 3, width * 3)
        );
    }
    return image;
}

}  // namespace

Result<ImageHeader> read_webp_header(std::span<const std::byte> encoded) {
    const BytesView view(encoded);
    if (!view.holds(0, smallest)) return fail_truncated(ImageFormat::webp);
    if (view.has(first_chunk, "VP8X")) return read_extended_header(view);
    ImageHeader header;
    header.format = ImageFormat::webp;
    if (view.has(first_chunk, "VP8 ")) {
        header.size = TRY(read_lossy_size(view));
        header.scratch = lossy_scratch;
    } else if (view.has(first_chunk, "VP8L")) {
        header.size = TRY(read_lossless_size(view));
        header.scratch = lossless_scratch;
    } else {
        return fail_damaged(ImageFormat::webp, "it does not begin with a picture");
    }
    return header;
}

Result<Image> decode_webp(std::span<const std::byte> encoded, Size size) {
    const BytesView view(encoded);
    const std::size_t riff = view.le32(4);
    if (!view.holds(8, riff)) return fail_truncated(ImageFormat::webp);
    const Still still{encoded.first(8 + riff), size};
    WebPBitstreamFeatures features{};
    if (WebPGetFeatures(data_of(still.bytes), still.bytes.size(), &features) != VP8_STATUS_OK)
        return fail_damaged(ImageFormat::webp, "its headers make no sense");
    if (Size{features.width, features.height} != size)
        return fail_damaged(ImageFormat::webp, "its headers contradict each other");
    if (features.has_animation != 0) return decode_first_frame(still.bytes, size);
    Image image = TRY(allocate_image(size));
    if (features.has_alpha == 0) {
        TRY(decode_opaque(still, image));
        return image;
    }
    const Samples rgba = TRY(decode_transparent(still));
    blend_over_white(rgba, image.rgb);
    return image;
}

}  // namespace vignette
