#include "image/heif/items.h"

#include <algorithm>

namespace vignette {
namespace {

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

}  // namespace

std::optional<std::vector<HeifExtent>> read_extents(BytesView meta) {
    std::vector<HeifExtent> extents;
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
            if (extents.size() > heif_items_max) return std::nullopt;
        }
    }
    return reader.good() ? std::optional(std::move(extents)) : std::nullopt;
}

std::vector<Box> read_properties(BytesView properties) {
    std::vector<Box> found;
    const std::optional<Box> container = find_box(properties, "ipco");
    if (!container) return found;
    BoxWalk walk(container->content);
    while (const std::optional<Box> box = walk.next()) {
        found.push_back(*box);
        if (found.size() > heif_items_max) break;
    }
    return found;
}

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

std::vector<HeifItem> read_items(BytesView meta) {
    std::vector<HeifItem> items;
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
        if (items.size() > heif_items_max) break;
    }
    return items;
}

Bytes collect(
    const BytesView& file, BytesView meta, const std::vector<HeifExtent>& extents, std::uint32_t item
) {
    const std::optional<Box> inside = find_box(meta, "idat");
    Bytes collected;
    for (const HeifExtent& extent : extents) {
        if (extent.item != item || (!extent.in_file && !inside)) continue;
        const BytesView& source = extent.in_file ? file : inside->content;
        if (!source.holds(extent.offset, extent.length)) continue;
        const auto piece = source.part(extent.offset, extent.length).bytes();
        collected.insert(collected.end(), piece.begin(), piece.end());
    }
    return collected;
}

}  // namespace vignette
