#include "image/raw/raw.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "image/exif.h"
#include "image/jpeg/jpeg.h"
#include "image/raw/develop.h"
#include "image/raw/preview.h"
#include "image/raw/sensor.h"
#include "image/refusal.h"

namespace vignette {
namespace {

using namespace std::string_view_literals;

// Per sensor value: as stored, unpacked, and developed at half size.
constexpr std::size_t raw_scratch = 8;
constexpr int tries_max = 3;  // each attempt may cost as much as decoding a picture

// Panasonic's, Olympus' and Fuji's files, which do not begin like a TIFF, and Canon's, which are MP4 inside.
constexpr auto signatures =
    std::to_array<std::string_view>({"IIU\0"sv, "IIRO"sv, "IIRS"sv, "MMOR"sv, "FUJIFILMCCD-RAW"sv});

bool has_raw_signature(const BytesView& view) {
    const auto matches = [&](std::string_view signature) { return view.has(0, signature); };
    return std::ranges::any_of(signatures, matches) || view.has(4, "ftypcrx "sv);
}

bool is_raw_tiff(std::span<const std::byte> encoded, const Tiff& tiff) {
    return is_dng(tiff) || BytesView(encoded).has(8, "CR\2"sv) ||
           std::ranges::any_of(tiff.directories, holds_sensor_values);
}

struct Previews {
    std::vector<RawPreview> list;  // smallest first
    Bytes thumbnail;               // one of them may point into it
};

Previews list_previews(
    std::span<const std::byte> encoded, const std::optional<Tiff>& tiff, const Limits& limits
) {
    Previews previews;
    if (tiff) previews.list = find_previews(encoded, *tiff);
    if (!previews.list.empty() || (tiff && is_dng(*tiff))) return previews;  // all of a DNG's are known
    if (Result<Bytes> thumbnail = read_thumbnail_by_libraw(encoded, limits)) {
        previews.thumbnail = *std::move(thumbnail);
        add_preview(previews.thumbnail, previews.list);
    }
    return previews;
}

Result<Image> develop(
    std::span<const std::byte> encoded, const std::optional<Tiff>& tiff, const Limits& limits
) {
    if (tiff && is_dng(*tiff)) TRY(check_sensor_values(encoded, *tiff));
    return develop_half(encoded, limits);
}

std::optional<Image> decode_preview(const RawPreview& preview, const Limits& limits) {
    const ImageHeader header{ImageFormat::jpeg, preview.size, 1};
    if (!check_header(header, preview.jpeg.size(), limits)) return std::nullopt;
    Result<Image> image = decode_jpeg(preview.jpeg, preview.size);
    if (!image) return std::nullopt;
    return *std::move(image);
}

// The smallest that is large enough and can be decoded; damaged ones are skipped.
std::optional<Image> decode_smallest(
    const Previews& previews, int orientation, const Limits& limits, Size cover
) {
    int tries = 0;
    for (const RawPreview& preview : previews.list) {
        if (!covers(preview.size, orientation, cover)) continue;
        if (++tries > tries_max) break;
        if (std::optional<Image> image = decode_preview(preview, limits)) return image;
    }
    return std::nullopt;
}

// For a picture that cannot be developed: the largest preview, if its sides are at least half as long.
std::optional<Image> decode_largest(
    const Previews& previews, int orientation, const Limits& limits, Size cover
) {
    if (previews.list.empty()) return std::nullopt;
    const RawPreview& largest = previews.list.back();
    const Size half{(cover.width + 1) / 2, (cover.height + 1) / 2};
    if (cover != Size{} && !covers(largest.size, orientation, half)) return std::nullopt;
    return decode_preview(largest, limits);
}

}  // namespace

bool is_raw(std::span<const std::byte> encoded) {
    if (has_raw_signature(BytesView(encoded))) return true;
    const std::optional<Tiff> tiff = read_tiff(encoded);
    return tiff && is_raw_tiff(encoded, *tiff);
}

Result<ImageHeader> read_raw_header(std::span<const std::byte> encoded) {
    const std::optional<Tiff> tiff = read_tiff(encoded);
    if (!tiff) return read_header_by_libraw(encoded);
    ImageHeader header{ImageFormat::raw, {}, orientation_of(*tiff)};
    const std::optional<Size> size = find_sensor_size(*tiff);
    if (!size && tiff->truncated) return fail_truncated(ImageFormat::raw);
    header.size = size ? *size : TRY(read_header_by_libraw(encoded)).size;
    header.taken = taken_of(*tiff);
    header.scratch = raw_scratch;
    return header;
}

Result<RawPixels> decode_raw(
    std::span<const std::byte> encoded, const ImageHeader& header, const Limits& limits,
    const DecodeNeed& need
) {
    const std::optional<Tiff> tiff = read_tiff(encoded);
    const Previews previews = list_previews(encoded, tiff, limits);
    if (auto image = decode_smallest(previews, header.orientation, limits, need.cover))
        return RawPixels{*std::move(image), PixelPath::preview};
    Result<Image> developed = develop(encoded, tiff, limits);
    if (developed) {
        const bool whole = developed->size.pixels() >= header.size.pixels();
        return RawPixels{*std::move(developed), whole ? PixelPath::whole : PixelPath::half};
    }
    if (auto image = decode_largest(previews, header.orientation, limits, need.cover))
        return RawPixels{*std::move(image), PixelPath::preview};
    return std::unexpected(std::move(developed).error());
}

}  // namespace vignette
