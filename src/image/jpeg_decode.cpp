#include <turbojpeg.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "image/jpeg.h"
#include "image/jpeg_walk.h"
#include "image/pixels.h"
#include "image/sniff.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

// A progressive file of a few kB may hold ten thousand scans over a huge picture: libjpeg-turbo stops at 500.
constexpr int decode_flags = TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS;

// How many times the sides that are asked for must be left: with less the missing frequencies are seen.
constexpr int margin = 2;

struct CloseTurboJpeg {
    void operator()(void* decoder) const { tjDestroy(decoder); }
};
using Decoder = std::unique_ptr<void, CloseTurboJpeg>;

enum class Outcome { clean, warned, failed };

enum class End { present, missing, only_marker_missing };

// Is the end-of-image marker there? A plain file of one scan may lack just that: then nothing of the picture
// need be missing. In a progressive one whole scans could be, and nobody would notice.
End find_end(std::span<const std::byte> encoded) {
    bool plain = false;
    std::uint32_t components = 0;
    int scans = 0;
    JpegWalk walk(encoded);
    while (const std::optional<JpegSegment> segment = walk.next()) {
        const auto& [marker, payload] = *segment;
        if (marker == jpeg_marker::end_of_image) return End::present;
        if (jpeg_marker::is_frame(marker) && payload.holds(0, 6)) {
            plain = marker <= 0xC1;
            components = payload.u8(5);
        } else if (marker == jpeg_marker::start_of_scan && payload.holds(0, 1)) {
            ++scans;
            plain = plain && payload.u8(0) == components;
        }
    }
    return plain && scans == 1 ? End::only_marker_missing : End::missing;
}

// Each 8 x 8 samples take a bit at the very least. What lacks most of them is found out only when a picture
// of its size has been painted grey, and a few bytes can say that they are a hundred megapixels.
bool can_hold(std::size_t bytes, Size size) {
    constexpr std::int64_t block = 8;
    const std::int64_t across = (size.width + block - 1) / block;
    const std::int64_t down = (size.height + block - 1) / block;
    return across * down <= static_cast<std::int64_t>(bytes) * 8;
}

Outcome decompress(
    const Decoder& decoder, std::span<const std::byte> encoded, Size size, TJPF layout, std::uint8_t* pixels
) {
    const int status = tjDecompress2(
        decoder.get(), data_of(encoded), encoded.size(), pixels, size.width, 0, size.height, layout,
        decode_flags
    );
    if (status == 0) return Outcome::clean;
    return tjGetErrorCode(decoder.get()) == TJERR_WARNING ? Outcome::warned : Outcome::failed;
}

// Accepts what Pillow accepts: a picture whose every pixel was decoded.
Result<void> decompress_whole(
    const Decoder& decoder, std::span<const std::byte> encoded, Size size, TJPF layout, std::uint8_t* pixels
) {
    const Outcome outcome = decompress(decoder, encoded, size, layout, pixels);
    if (outcome == Outcome::clean) return {};
    const std::string complaint = tjGetErrorStr2(decoder.get());
    switch (find_end(encoded)) {
        case End::present:
            if (outcome == Outcome::failed) return fail_damaged(ImageFormat::jpeg, complaint);
            if (complaint.contains("Premature end of JPEG file")) return fail_truncated(ImageFormat::jpeg);
            return {};
        case End::missing: return fail_truncated(ImageFormat::jpeg);
        case End::only_marker_missing: {
            Bytes completed(encoded.begin(), encoded.end());
            completed.insert(completed.end(), {std::byte{0xFF}, std::byte{jpeg_marker::end_of_image}});
            const Outcome second = decompress(decoder, completed, size, layout, pixels);
            if (second != Outcome::clean) return fail_truncated(ImageFormat::jpeg);
            return {};
        }
    }
    panic("End out of range");
}

Size scaled(Size full, int eighths) {
    return {(full.width * eighths + 7) / 8, (full.height * eighths + 7) / 8};
}

// Photoshop stores inverted inks, and Pillow takes every file for one of Photoshop's. Its rounding, too.
void add_inks(std::span<const std::uint8_t> inverted, std::span<std::uint8_t> rgb) {
    for (std::size_t from = 0, to = 0; from < inverted.size(); from += 4, to += 3) {
        const unsigned light = inverted[from + 3];
        for (std::size_t i = 0; i < 3; ++i) {
            const unsigned product = (255U - inverted[from + i]) * light + 128U;
            rgb[to + i] = static_cast<std::uint8_t>(light - (((product >> 8) + product) >> 8));
        }
    }
}

}  // namespace

int jpeg_eighths(Size stored, Size cover) {
    if (cover.width <= 0 || cover.height <= 0) return jpeg_whole;
    for (const int eighths : {1, 2, 4}) {
        const Size left = scaled(stored, eighths);
        if (left.width >= margin * cover.width && left.height >= margin * cover.height) return eighths;
    }
    return jpeg_whole;
}

Result<Image> decode_jpeg(std::span<const std::byte> encoded, Size full, int eighths) {
    const Decoder decoder(tjInitDecompress());
    if (!decoder) return fail(ErrorCode::out_of_memory, "no memory for a JPEG decoder; try again later");

    if (!can_hold(encoded.size(), full)) return fail_truncated(ImageFormat::jpeg);

    Size seen;
    int subsampling = -1;
    int colours = -1;
    const int status = tjDecompressHeader3(
        decoder.get(), data_of(encoded), encoded.size(), &seen.width, &seen.height, &subsampling, &colours
    );
    // It also fails on unusual subsampling, which the decoder itself takes: the size tells the two apart.
    if (seen == Size{} && status != 0) return fail_damaged(ImageFormat::jpeg, tjGetErrorStr2(decoder.get()));
    if (seen != full) return fail_damaged(ImageFormat::jpeg, "its headers contradict each other");

    const Size size = scaled(full, eighths);
    Image image = TRY(allocate_image(size));
    if (colours != TJCS_CMYK && colours != TJCS_YCCK) {
        TRY(decompress_whole(decoder, encoded, size, TJPF_RGB, image.rgb.data()));
        return image;
    }
    auto inks = at_wall(ErrorCode::out_of_memory, [&] {
        return Samples(static_cast<std::size_t>(size.pixels()) * 4);
    });
    if (!inks)
        return fail(
            ErrorCode::out_of_memory, "no memory for a CMYK picture; try again later or send it as RGB"
        );
    TRY(decompress_whole(decoder, encoded, size, TJPF_CMYK, inks->data()));
    add_inks(*inks, image.rgb);
    return image;
}

}  // namespace vignette
