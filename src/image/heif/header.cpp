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
#include "image/refusal.h"

namespace vignette {
namespace {

constexpr std::size_t items_max = 4096;  // a picture of 100 megapixels in tiles of 512 x 512 has 400

// What libheif and the codecs hold in the worst case: luma and chroma planes, the assembled planes, RGBA.
constexpr std::size_t heif_scratch = 10;

struct Extent {
    std::uint32_t item = 0;
    bool in_file = false;  // otherwise inside another box
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

std::optional<std::uint32_t> read_primary(BytesView meta) {
    const std::optional<Box> box = find_box(meta, "pitm");
    if (!box) return std::nullopt;
    ByteReader reader(box->content);
    const std::uint32_t version = reader.u32() >> 24;
    const std::uint32_t item = version == 0 ? reader.u16() : reader.u32();
    return reader.good() ? std::optional(item) : std::nullopt;
}

// Where each item's bytes are. Empty if the box claims more than it holds, or an unlikely amount.
std::optional<std::vector<Extent>> read_extents(BytesView meta) {
    std::vector<Extent> extents;
    const std::optional<Box> box = find_box(meta, "iloc");
    if (!box) return extents;
    ByteReader reader(box->content);
    const std::uint32_t version = reader.u32() >> 24;
    const std::uint32_t sizes = reader.u16();
    const std::size_t id_bytes = version < 2 ? 2 : 4;
    const auto wide = [&](int shift) { return std::size_t{sizes >> shift & 15U}; };
    if (std::max({wide(12), wide(8), wide(4), wide(0)}) > 8) return std::nullopt;
    for (std::uint64_t items = reader.number(id_bytes); items > 0 && reader.good(); --items) {
        const auto item = static_cast<std::uint32_t>(reader.number(id_bytes));
        const bool in_file = version == 0 || (reader.u16() & 15U) == 0;
        reader.skip(2);  // a reference to another file, which libheif refuses
        const std::uint64_t base = reader.number(wide(4));
        for (std::uint32_t count = reader.u16(); count > 0 && reader.good(); --count) {
            if (version > 0) reader.skip(wide(0));
            const std::uint64_t offset = base + reader.number(wide(12));
            extents.push_back({item, in_file, offset, reader.number(wide(8))});
            if (extents.size() > items_max) return std::nullopt;
        }
    }
    return reader.good() ? std::optional(std::move(extents)) : std::nullopt;
}

// libheif copies each item: items that share bytes could turn a small file into gigabytes.
bool fits(const std::vector<Extent>& extents, std::size_t file_bytes) {
    std::uint64_t sum = 0;
    for (const Extent& extent : extents) {
        if (extent.length > 2 * std::uint64_t{file_bytes}) return false;
        sum += extent.length;
    }
    return sum <= 2 * std::uint64_t{file_bytes};
}

std::vector<Box> read_properties(BytesView properties) {
    std::vector<Box> found;
    const std::optional<Box> container = find_box(properties, "ipco");
    if (!container) return found;
    BoxWalk walk(container->content);
    while (const std::optional<Box> box = walk.next()) {
        found.push_back(*box);
        if (found.size() > items_max) break;
    }
    return found;
}

void add_associations(const Box& box, std::uint32_t wanted, std::vector<std::uint32_t>& found) {
    ByteReader reader(box.content);
    const std::uint32_t head = reader.u32();
    const std::size_t id_bytes = head >> 24 == 0 ? 2 : 4;
    const bool wide = (head & 1U) != 0;
    for (std::uint32_t items = reader.u32(); items > 0 && reader.good(); --items) {
        const auto item = static_cast<std::uint32_t>(reader.number(id_bytes));
        for (std::uint32_t count = reader.u8(); count > 0 && reader.good(); --count) {
            const std::uint32_t place = wide ? reader.u16() & 0x7FFFU : reader.u8() & 0x7FU;
            if (item == wanted && reader.good()) found.push_back(place);
        }
    }
}

// The properties of an item: their positions in the list, counted from 1.
std::vector<std::uint32_t> read_associations(BytesView properties, std::uint32_t wanted) {
    std::vector<std::uint32_t> found;
    BoxWalk walk(properties);
    while (const std::optional<Box> box = walk.next()) {
        if (box->is("ipma")) add_associations(*box, wanted, found);
    }
    return found;
}

std::optional<Size> read_extent(const Box& box) {
    constexpr std::uint32_t most = 1U << 30;
    ByteReader reader(box.content);
    reader.skip(4);
    const std::uint32_t width = reader.u32();
    const std::uint32_t height = reader.u32();
    if (!reader.good() || width > most || height > most) return std::nullopt;
    return Size{static_cast<std::int32_t>(width), static_cast<std::int32_t>(height)};
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

struct Item {
    std::uint32_t number = 0;
    BytesView type{{}};  // four letters
};

std::vector<Item> read_items(BytesView meta) {
    std::vector<Item> items;
    const std::optional<Box> list = find_box(meta, "iinf");
    if (!list) return items;
    ByteReader head(list->content);
    const std::uint32_t version = head.u32() >> 24;
    head.skip(version == 0 ? 2 : 4);
    BoxWalk walk(head.rest());
    while (const std::optional<Box> box = walk.next()) {
        ByteReader reader(box->content);
        const std::uint32_t entry_version = reader.u32() >> 24;
        if (entry_version < 2) continue;
        const std::uint32_t item = entry_version == 2 ? reader.u16() : reader.u32();
        reader.skip(2);
        const BytesView rest = reader.rest();
        if (rest.size() >= 4) items.push_back({item, rest.part(0, 4)});
        if (items.size() > items_max) break;
    }
    return items;
}

// An item's bytes, one piece after the other; pieces outside the file are left out.
Bytes collect(const BytesView& file, BytesView meta, const std::vector<Extent>& extents, std::uint32_t item) {
    const std::optional<Box> inside = find_box(meta, "idat");
    Bytes collected;
    for (const Extent& extent : extents) {
        if (extent.item != item || (!extent.in_file && !inside)) continue;
        const BytesView& source = extent.in_file ? file : inside->content;
        if (!source.holds(extent.offset, extent.length)) continue;
        const auto piece = source.part(extent.offset, extent.length).bytes();
        collected.insert(collected.end(), piece.begin(), piece.end());
    }
    return collected;
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
    const BytesView& file, BytesView meta, BytesView properties, const std::vector<Extent>& extents, Size size
) {
    constexpr std::int64_t tile_pixels = std::int64_t{4096} * 4096;
    const std::int64_t most = std::max(size.pixels() + size.pixels() / 4, tile_pixels);
    const auto is_honest = [most](const std::optional<Size>& coded) {
        return !coded || coded->pixels() <= most;
    };
    for (const Box& property : read_properties(properties)) {
        if (!is_honest(size_in(property))) return false;
    }
    const std::vector<Item> items = read_items(meta);
    if (items.size() > items_max) return false;
    std::set<std::pair<std::uint32_t, bool>> seen;  // an item listed a thousand times is copied once
    for (const Item& item : items) {
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
std::string read_taken(const BytesView& file, BytesView meta, const std::vector<Extent>& extents) {
    const std::vector<Item> items = read_items(meta);
    const auto item = std::ranges::find_if(items, [](const Item& one) { return one.type.has(0, "Exif"); });
    if (item == items.end()) return {};
    const auto extent = std::ranges::find(extents, item->number, &Extent::item);
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
    const std::optional<std::vector<Extent>> extents = read_extents(boxes);
    if (cut && extents && !fits(*extents, file.size())) return fail_truncated(format);
    if (!extents || !fits(*extents, file.size()))
        return fail_damaged(format, "it claims to hold more data than it can");
    for (const Extent& extent : *extents) {
        if (extent.in_file && !file.holds(extent.offset, extent.length)) return fail_truncated(format);
    }
    if (!streams_are_honest(file, boxes, properties->content, *extents, *size))
        return fail_damaged(format, "its headers contradict each other");
    return ImageHeader{format, *size, 1, read_taken(file, boxes, *extents), heif_scratch};
}

}  // namespace vignette
