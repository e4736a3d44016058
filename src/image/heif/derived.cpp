#include <algorithm>
#include <string>

#include "image/heif/items.h"
#include "image/refusal.h"

namespace vignette {
namespace {

constexpr std::string_view save_flat = "save it again as an ordinary HEIC, or as JPEG";

struct References {
    std::uint32_t from = 0;
    std::vector<std::uint32_t> to;
};

// Which items each derived item is made of.
std::vector<References> read_derivations(BytesView meta) {
    std::vector<References> found;
    const std::optional<Box> box = find_box(meta, "iref");
    if (!box) return found;
    ByteReader head(box->content);
    const std::size_t id_bytes = head.u32() >> 24 == 0 ? 2 : 4;
    std::size_t count = 0;
    BoxWalk walk(head.rest());
    while (const std::optional<Box> one = walk.next()) {
        if (!one->is("dimg")) continue;
        ByteReader reader(one->content);
        References references{.from = static_cast<std::uint32_t>(reader.number(id_bytes)), .to = {}};
        for (std::uint32_t left = reader.u16(); left > 0 && reader.good(); --left)
            references.to.push_back(static_cast<std::uint32_t>(reader.number(id_bytes)));
        count += references.to.size();
        if (!reader.good() || count > heif_items_max) break;
        found.push_back(std::move(references));
    }
    return found;
}

// An item that is listed twice is not: libheif takes one of the entries, and we cannot know which.
bool is_coded(const std::vector<HeifItem>& items, std::uint32_t number) {
    const auto same = [number](const HeifItem& item) { return item.number == number; };
    const auto found = std::ranges::find_if(items, same);
    return found != items.end() && std::ranges::count_if(items, same) == 1 &&
           (found->type.has(0, "hvc1") || found->type.has(0, "hev1") || found->type.has(0, "av01"));
}

std::optional<Size> declared_size(const HeifParts& parts, std::uint32_t item) {
    const std::vector<Box> boxes = read_properties(parts.properties);
    std::optional<Size> size;
    for (const std::uint32_t place : read_associations(parts.properties, item)) {
        if (place == 0 || place > boxes.size() || !boxes[place - 1].is("ispe")) continue;
        if (size) return std::nullopt;  // two sizes
        size = read_extent(boxes[place - 1]);
    }
    return size;
}

struct Grid {
    std::size_t tiles = 0;
    Size canvas;
};

std::optional<Grid> read_grid(const HeifParts& parts, std::uint32_t item) {
    const Bytes content = collect(parts.file, parts.meta, parts.extents, item);
    ByteReader reader{BytesView(content)};
    reader.skip(1);
    const std::size_t side_bytes = (reader.u8() & 1U) == 0 ? 2 : 4;
    const std::size_t rows = reader.u8() + std::size_t{1};
    const std::size_t columns = reader.u8() + std::size_t{1};
    const std::uint64_t width = reader.number(side_bytes);
    const std::uint64_t height = reader.number(side_bytes);
    constexpr std::uint64_t most = 1U << 30U;
    if (!reader.good() || width > most || height > most) return std::nullopt;
    return Grid{rows * columns, {static_cast<std::int32_t>(width), static_cast<std::int32_t>(height)}};
}

Result<void> check_grid(const HeifParts& parts, std::uint32_t item, std::size_t tiles, ImageFormat format) {
    const std::optional<Grid> grid = read_grid(parts, item);
    if (grid && grid->tiles == tiles && grid->canvas == declared_size(parts, item)) return {};
    return fail_damaged(format, "its tiles do not make up the picture that it declares");
}

}  // namespace

Result<void> check_derived_items(const HeifParts& parts, ImageFormat format) {
    const std::vector<HeifItem> items = read_items(parts.meta);
    const std::vector<References> derivations = read_derivations(parts.meta);
    for (const HeifItem& item : items) {
        if (item.type.has(0, "iovl"))
            return fail_variant("a " + std::string(name_of(format)) + " made of several layers", save_flat);
        const bool grid = item.type.has(0, "grid");
        if (!grid && !item.type.has(0, "iden")) continue;
        const auto of_item = [&item](const References& one) { return one.from == item.number; };
        const auto made_of = std::ranges::find_if(derivations, of_item);
        const bool known =
            made_of != derivations.end() && std::ranges::count_if(derivations, of_item) == 1 &&
            std::ranges::all_of(made_of->to, [&](std::uint32_t number) { return is_coded(items, number); });
        if (!known || (!grid && made_of->to.size() != 1))
            return fail_damaged(format, "it is made of pictures that it does not contain");
        if (grid) TRY(check_grid(parts, item.number, made_of->to.size(), format));
    }
    return {};
}

}  // namespace vignette
