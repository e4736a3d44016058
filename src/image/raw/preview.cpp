#include "image/raw/preview.h"

#include <algorithm>
#include <optional>

#include "image/jpeg/jpeg.h"
#include "image/pixels.h"
#include "image/tiff/directory.h"

namespace vignette {
namespace {

constexpr std::uint32_t mask_flag = 4;

// A JPEG's frame header comes before its pixels, after up to 64 KiB of EXIF and perhaps a colour profile. A
// file may list many previews, and searching each to its end would take seconds.
constexpr std::size_t header_bytes_max = 512 * KiB;

using Part = std::span<const std::byte>;

std::optional<Part> part(
    Part encoded, const TiffDirectory& directory, std::uint32_t offsets, std::uint32_t sizes
) {
    const TiffField* offset = directory.find(offsets);
    const TiffField* size = directory.find(sizes);
    if (offset == nullptr || size == nullptr) return std::nullopt;
    if (offset->number(1) || size->number(1))
        return std::nullopt;  // a picture in pieces is not a single JPEG
    const auto start = offset->number();
    const auto length = size->number();
    if (!start || !length || !BytesView(encoded).holds(*start, *length)) return std::nullopt;
    return encoded.subspan(*start, *length);
}

bool holds_jpeg_picture(const TiffDirectory& directory) {
    const auto compressed = directory.number(tiff_tag::compression);
    const auto colours = directory.number(tiff_tag::colours);
    return (compressed == tiff_compression::old_jpeg || compressed == tiff_compression::jpeg) &&
           (!colours || colours == tiff_colours::rgb || colours == tiff_colours::ycbcr
           ) &&  // Canon's CR2 omits it
           (directory.number(tiff_tag::subfile_type).value_or(0) & mask_flag) == 0;
}

}  // namespace

void add_preview(std::span<const std::byte> jpeg, std::vector<RawPreview>& previews) {
    const auto same = [&](const RawPreview& known) { return known.jpeg.data() == jpeg.data(); };
    if (previews.size() == raw_previews_max || std::ranges::any_of(previews, same)) return;
    if (!BytesView(jpeg).has(0, "\xFF\xD8\xFF")) return;
    const Result<ImageHeader> header = read_jpeg_header(jpeg.first(std::min(jpeg.size(), header_bytes_max)));
    if (!header || header->size.width <= 0 || header->size.height <= 0) return;
    const auto place = std::ranges::upper_bound(previews, header->size.pixels(), {}, [](const auto& one) {
        return one.size.pixels();
    });
    previews.insert(place, {jpeg, header->size});
}

std::vector<RawPreview> find_previews(std::span<const std::byte> encoded, const Tiff& tiff) {
    std::vector<RawPreview> previews;
    for (const TiffDirectory& directory : tiff.directories) {
        if (const auto found = part(encoded, directory, tiff_tag::jpeg_offset, tiff_tag::jpeg_bytes))
            add_preview(*found, previews);
        if (!holds_jpeg_picture(directory)) continue;
        if (const auto found = part(encoded, directory, tiff_tag::strip_offsets, tiff_tag::strip_bytes))
            add_preview(*found, previews);
        if (const auto found = part(encoded, directory, tiff_tag::tile_offsets, tiff_tag::tile_bytes))
            add_preview(*found, previews);
    }
    return previews;
}

bool covers(Size stored, int orientation, Size cover) {
    if (cover.width <= 0 || cover.height <= 0) return false;
    const Size shown = as_shown(stored, orientation);
    return shown.width >= cover.width && shown.height >= cover.height;
}

}  // namespace vignette
