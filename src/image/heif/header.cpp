#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "image/exif.h"
#include "image/heif/av1.h"
#include "image/heif/heif.h"
#include "image/heif/hevc.h"
#include "image/heif/iso_boxes.h"
#include "image/heif/items.h"
#include "image/refusal.h"

namespace vignette {
namespace {

// What libheif and the codecs hold in the worst case: luma and chroma planes, the assembled planes, RGBA.
constexpr std::size_t heif_scratch = 10;

std::optional<std::uint32_t> read_primary(BytesView meta) {
    const std::optional<Box> box = find_box(meta, "pitm");
    if (!box) return std::nullopt;
    ByteReader reader(box->content);
    const std::uint32_t version = reader.u32() >> 24;
    const std::uint32_t item = version == 0 ? reader.u16() : reader.u32();
    return reader.good() ? std::optional(item) : std::nullopt;
}

// libheif copies each item: items that share bytes could turn a small file into gigabytes.
bool fits(const std::vector<HeifExtent>& extents, std::size_t file_bytes) {
    std::uint64_t sum = 0;
    for (const HeifExtent& extent : extents) {
        if (extent.length > 2 * std::uint64_t{file_bytes}) return false;
        sum += extent.length;
    }
    return sum <= 2 * std::uint64_t{file_bytes};
}

// The size of the primary item as shown.
std::optional<Size> find_size(BytesView properties, std::uint32_t item) {
    const std::vector<Box> boxes = read_properties(properties);
    std::optional<Size> size;
    bool turned = false;
    for (const std::uint32_t place : read_associations(properties, item)) {
        if (place == 0 || place > boxes.size()) continue;
        const Box& box = boxes[place - 1];
        if (box.is("ispe") && !size) size = read_extent(box);
        if (box.is("irot") && box.content.size() > 0) turned = turned != ((box.content.u8(0) & 1U) != 0);
    }
    if (size && turned) std::swap(size->width, size->height);
    return size;
}

// The codec's configuration says whether it has planes of colour.
bool is_grey(BytesView properties, std::uint32_t item) {
    constexpr std::uint32_t av1_monochrome = 0x10;
    const std::vector<Box> boxes = read_properties(properties);
    for (const std::uint32_t place : read_associations(properties, item)) {
        if (place == 0 || place > boxes.size()) continue;
        const Box& box = boxes[place - 1];
        if (box.is("av1C") && box.content.size() > 2) return (box.content.u8(2) & av1_monochrome) != 0;
        if (box.is("hvcC") && box.content.size() > 16) return (box.content.u8(16) & 3U) == 0;
    }
    return false;
}

std::optional<Size> size_in(const Box& property) {
    constexpr std::size_t before_units = 4;
    if (property.is("hvcC")) return read_hevc_size(property.content);
    if (!property.is("av1C") || property.content.size() < before_units) return std::nullopt;
    return read_av1_size(property.content.part(before_units, property.content.size() - before_units));
}

// A codec may decode an item to a larger size than the container declares. Tiles are padded to whole blocks,
// so a little more than the declared size is legitimate.
bool streams_are_honest(
    const BytesView& file, BytesView meta, BytesView properties, const std::vector<HeifExtent>& extents,
    Size size
) {
    constexpr std::int64_t tile_pixels = std::int64_t{4096} * 4096;
    const std::int64_t most = std::max(size.pixels() + size.pixels() / 4, tile_pixels);
    const auto is_honest = [most](const std::optional<Size>& coded) {
        return !coded || coded->pixels() <= most;
    };
    for (const Box& property : read_properties(properties)) {
        if (!is_honest(size_in(property))) return false;
    }
    const std::vector<HeifItem> items = read_items(meta);
    if (items.size() > heif_items_max) return false;
    std::set<std::pair<std::uint32_t, bool>> seen;  // an item listed a thousand times is copied once
    for (const HeifItem& item : items) {
        const bool hevc = item.type.has(0, "hvc1") || item.type.has(0, "hev1");
        if (!hevc && !item.type.has(0, "av01")) continue;
        if (!seen.emplace(item.number, hevc).second) continue;
        const Bytes stream = collect(file, meta, extents, item.number);
        const BytesView view(stream);
        if (!is_honest(hevc ? read_hevc_stream_size(view) : read_av1_size(view))) return false;
    }
    return true;
}

// The block begins with a four-byte offset: the distance from there to the TIFF header.
std::string read_taken(const BytesView& file, BytesView meta, const std::vector<HeifExtent>& extents) {
    const std::vector<HeifItem> items = read_items(meta);
    const auto item =
        std::ranges::find_if(items, [](const HeifItem& one) { return one.type.has(0, "Exif"); });
    if (item == items.end()) return {};
    const auto extent = std::ranges::find(extents, item->number, &HeifExtent::item);
    if (extent == extents.end() || !extent->in_file) return {};
    if (!file.holds(extent->offset, extent->length) || extent->length < 4) return {};
    const BytesView block = file.part(extent->offset, extent->length);
    const std::size_t start = 4 + std::size_t{block.be32(0)};
    if (start > block.size()) return {};
    return read_exif(block.part(start, block.size() - start).bytes()).taken;
}

}  // namespace

Result<ImageHeader> read_heif_header(std::span<const std::byte> encoded, ImageFormat format) {
    const BytesView file(encoded);
    std::optional<Box> meta;
    BoxWalk walk(file);
    while (const std::optional<Box> box = walk.next()) {
        if (!meta && box->is("meta")) meta = box;
    }
    const bool cut = !walk.at_end();
    if (cut && !meta) return fail_truncated(format);
    if (!meta || meta->content.size() < 4)
        return fail_variant("a film in the container format of a " + std::string(name_of(format)));
    const BytesView boxes = meta->content.part(4, meta->content.size() - 4);
    const std::optional<std::uint32_t> primary = read_primary(boxes);
    const std::optional<Box> properties = find_box(boxes, "iprp");
    if (!primary || !properties) return fail_damaged(format, "it does not say where its picture is");
    const std::optional<Size> size = find_size(properties->content, *primary);
    if (!size) return fail_damaged(format, "it does not give its size");
    const std::optional<std::vector<HeifExtent>> extents = read_extents(boxes);
    if (cut && extents && !fits(*extents, file.size())) return fail_truncated(format);
    if (!extents || !fits(*extents, file.size()))
        return fail_damaged(format, "it claims to hold more data than it can");
    for (const HeifExtent& extent : *extents) {
        if (extent.in_file && !file.holds(extent.offset, extent.length)) return fail_truncated(format);
    }
    TRY(check_derived_items({file, boxes, properties->content, *extents}, format));
    if (!streams_are_honest(file, boxes, properties->content, *extents, *size))
        return fail_damaged(format, "its headers contradict each other");
    ImageHeader header{format, *size, 1, read_taken(file, boxes, *extents), heif_scratch};
    header.grey = is_grey(properties->content, *primary);
    return header;
}

}  // namespace vignette
