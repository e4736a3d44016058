#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "image/jpeg/jpeg.h"
#include "image/jpeg/reader.h"
#include "image/jpeg/walk.h"
#include "image/pixels.h"
#include "image/refusal.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

// The number of rows decoded before the sink gets them.
constexpr std::int32_t band = 16;

// The decoded sides must be at least this many times the requested ones, or the missing frequencies show.
constexpr int margin = 2;

enum class Outcome { clean, warned, failed };

enum class End { present, missing, only_marker_missing };

// Is the end-of-image marker there? A baseline file with one scan may lack only that, and its picture may
// still be complete. A progressive one could lack whole scans without anyone noticing.
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

// Each block of 8 x 8 samples takes at least one bit. Without this check, a few bytes could claim to be a
// hundred megapixels, and would be caught only after a grey picture of that size had been filled in.
bool can_hold(std::size_t bytes, Size size) {
    constexpr std::int64_t block = 8;
    const std::int64_t across = (size.width + block - 1) / block;
    const std::int64_t down = (size.height + block - 1) / block;
    return across * down <= static_cast<std::int64_t>(bytes) * 8;
}

bool ends_with_marker(std::span<const std::byte> encoded) {
    return encoded.size() >= 2 && encoded[encoded.size() - 2] == std::byte{0xFF} &&
           encoded.back() == std::byte{jpeg_marker::end_of_image};
}

bool lacks_only_marker(std::span<const std::byte> encoded) {
    return !ends_with_marker(encoded) && find_end(encoded) == End::only_marker_missing;
}

Bytes with_marker(std::span<const std::byte> encoded) {
    Bytes completed;
    completed.reserve(encoded.size() + 2);
    completed.assign(encoded.begin(), encoded.end());
    completed.insert(completed.end(), {std::byte{0xFF}, std::byte{jpeg_marker::end_of_image}});
    return completed;
}

// `pixels` has room for a picture of this size. `sink` may be null.
Outcome read_pixels(
    JpegReader& reader, J_COLOR_SPACE colours, int eighths, Size size, std::uint8_t* pixels, RowSink* sink
) {
    if (!reader.start(colours, eighths) || reader.size() != size) return Outcome::failed;
    const std::size_t row = static_cast<std::size_t>(size.width) * (colours == JCS_CMYK ? 4 : 3);
    for (std::int32_t top = 0; top < size.height; top += band) {
        const std::int32_t count = std::min(band, size.height - top);
        if (!reader.read_rows(pixels + static_cast<std::size_t>(top) * row, count)) return Outcome::failed;
        if (sink != nullptr) sink->accept_rows(size, {pixels, static_cast<std::size_t>(top + count) * row});
    }
    if (!reader.finish()) return Outcome::failed;
    return reader.warned() ? Outcome::warned : Outcome::clean;
}

// Accepts what Pillow accepts: a picture with every pixel decoded. `encoded` is the file as received.
Result<void> judge(Outcome outcome, const JpegReader& reader, std::span<const std::byte> encoded) {
    if (outcome == Outcome::clean) return {};
    if (find_end(encoded) != End::present) return fail_truncated(ImageFormat::jpeg);
    if (outcome == Outcome::failed) return fail_damaged(ImageFormat::jpeg, reader.complaint());
    if (reader.ended_early()) return fail_truncated(ImageFormat::jpeg);
    return {};
}

Size scaled(Size full, int eighths) {
    return {(full.width * eighths + 7) / 8, (full.height * eighths + 7) / 8};
}

// Photoshop stores inverted inks, and Pillow treats every file as one of Photoshop's. Pillow's rounding, too.
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

Result<Image> decode_jpeg(std::span<const std::byte> encoded, Size full, int eighths, RowSink* sink) {
    if (!can_hold(encoded.size(), full)) return fail_truncated(ImageFormat::jpeg);
    const Bytes completed = lacks_only_marker(encoded) ? with_marker(encoded) : Bytes();
    JpegReader reader(completed.empty() ? encoded : completed);
    if (!reader.read_header()) return fail_damaged(ImageFormat::jpeg, reader.complaint());
    if (reader.full() != full) return fail_damaged(ImageFormat::jpeg, "its headers contradict each other");

    Image image = TRY(allocate_image(scaled(full, eighths)));
    if (!reader.has_inks()) {
        const Outcome outcome = read_pixels(reader, JCS_RGB, eighths, image.size, image.rgb.data(), sink);
        Result<void> judged = judge(outcome, reader, encoded);
        if (judged) return image;
        if (sink != nullptr) sink->forget();
        return std::unexpected(std::move(judged).error());
    }
    auto inks = at_wall(ErrorCode::out_of_memory, [&] {
        return Samples(static_cast<std::size_t>(image.size.pixels()) * 4);
    });
    if (!inks)
        return fail(
            ErrorCode::out_of_memory,
            "not enough memory for a CMYK picture; try again later or send it as RGB"
        );
    TRY(judge(read_pixels(reader, JCS_CMYK, eighths, image.size, inks->data(), nullptr), reader, encoded));
    add_inks(*inks, image.rgb);
    return image;
}

}  // namespace vignette
