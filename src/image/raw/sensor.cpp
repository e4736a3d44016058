#include "image/raw/sensor.h"

#include <algorithm>

#include "image/refusal.h"

namespace vignette {
namespace {

constexpr std::uint32_t main_picture = 0;

// The compressions of Sony, Nikon and Pentax for sensor values.
bool is_camera_compression(std::optional<std::uint32_t> value) {
    return value == 32767 || value == 34713 || value == 65535;
}

Size size_of(const TiffDirectory& directory) {
    constexpr std::uint32_t most = 0x7FFFFFFF;
    const auto side = [&](std::uint32_t tag) {
        return static_cast<std::int32_t>(std::min(directory.number(tag).value_or(0), most));
    };
    return {side(tiff_tag::width), side(tiff_tag::height)};
}

Size lit_size_of(const TiffDirectory& directory) {
    const Size stored = size_of(directory);
    const TiffField* area = directory.find(tiff_tag::active_area);  // top, left, bottom, right
    if (area == nullptr || !area->number(3)) return stored;
    const std::int64_t width = std::int64_t{*area->number(3)} - *area->number(1);
    const std::int64_t height = std::int64_t{*area->number(2)} - *area->number(0);
    if (width <= 0 || height <= 0 || width > stored.width || height > stored.height) return stored;
    return {static_cast<std::int32_t>(width), static_cast<std::int32_t>(height)};
}

const TiffDirectory* find_main(const Tiff& tiff) {
    const TiffDirectory* largest = nullptr;
    for (const TiffDirectory& directory : tiff.directories) {
        if (!holds_sensor_values(directory)) continue;
        if (directory.number(tiff_tag::subfile_type).value_or(main_picture) != main_picture) continue;
        const Size size = size_of(directory);
        if (size.width <= 0 || size.height <= 0) continue;
        if (largest == nullptr || size.pixels() > size_of(*largest).pixels()) largest = &directory;
    }
    return largest;
}

// Checks that the strips or tiles are inside the file and that compressed ones begin as such; returns their
// total size in bytes.
Result<std::uint64_t> check_parts(
    const BytesView& view, const TiffField& offsets, const TiffField& sizes, bool is_jpeg
) {
    std::uint64_t all = 0;
    std::size_t count = 0;
    for (; offsets.number(count); ++count) {
        const std::size_t offset = *offsets.number(count);
        const auto size = sizes.number(count);
        if (!size)
            return fail_damaged(ImageFormat::raw, "it does not give the length of its strips or tiles");
        if (!view.holds(offset, *size)) return fail_truncated(ImageFormat::raw);
        if (is_jpeg && !view.part(offset, *size).has(0, "\xFF\xD8"))
            return fail_damaged(ImageFormat::raw, "its pixels are not compressed as it claims");
        all += *size;
    }
    return all;
}

}  // namespace

bool is_dng(const Tiff& tiff) { return tiff.first().find(tiff_tag::dng_version) != nullptr; }

bool holds_sensor_values(const TiffDirectory& directory) {
    const auto colours = directory.number(tiff_tag::colours);
    return colours == tiff_colours::filter_array || colours == tiff_colours::linear_raw ||
           is_camera_compression(directory.number(tiff_tag::compression));
}

std::optional<Size> find_sensor_size(const Tiff& tiff) {
    const TiffDirectory* main = find_main(tiff);
    if (main == nullptr) return std::nullopt;
    return lit_size_of(*main);
}

Result<void> check_sensor_values(std::span<const std::byte> encoded, const Tiff& tiff) {
    if (tiff.truncated) return fail_truncated(ImageFormat::raw);
    const TiffDirectory* main = find_main(tiff);
    if (main == nullptr) return fail_damaged(ImageFormat::raw, "it has no sensor values");
    const bool tiled = main->find(tiff_tag::tile_offsets) != nullptr;
    const TiffField* offsets = main->find(tiled ? tiff_tag::tile_offsets : tiff_tag::strip_offsets);
    const TiffField* sizes = main->find(tiled ? tiff_tag::tile_bytes : tiff_tag::strip_bytes);
    if (offsets == nullptr || sizes == nullptr)
        return fail_damaged(ImageFormat::raw, "it does not say where its pixels are");
    const auto compressed = main->number(tiff_tag::compression);
    const std::uint64_t all =
        TRY(check_parts(BytesView(encoded), *offsets, *sizes, compressed == tiff_compression::jpeg));
    const auto bits = static_cast<std::uint64_t>(main->number(tiff_tag::bits).value_or(1)) *
                      main->number(tiff_tag::channels).value_or(1);
    const auto pixels = static_cast<std::uint64_t>(size_of(*main).pixels());
    // The factors are below 2^32 and 2^62: compared by division, so that false claims cannot overflow.
    if (compressed == tiff_compression::none && (bits == 0 || all * 8 / bits < pixels))
        return fail_damaged(ImageFormat::raw, "it has fewer pixels than it claims");
    return {};
}

}  // namespace vignette
