// The items of a HEIC or AVIF: coded pictures, pictures made of others, metadata; where their bytes are and
// what is said about them. Everything is bounded: a stranger wrote it. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "image/heif/iso_boxes.h"
#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

inline constexpr std::size_t heif_items_max = 4096;  // 100 megapixels in tiles of 512 x 512 are 400

struct HeifExtent {
    std::uint32_t item = 0;
    bool in_file = false;  // otherwise inside another box
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

struct HeifItem {
    std::uint32_t number = 0;
    BytesView type{{}};  // four letters
};

// What the functions look at: the file, and the contents of its boxes `meta` and `iprp`.
struct HeifParts {
    const BytesView& file;
    BytesView meta;
    BytesView properties;
    const std::vector<HeifExtent>& extents;
};

// Where each item's bytes are. Empty if the box claims more than it holds, or an unlikely amount.
std::optional<std::vector<HeifExtent>> read_extents(BytesView meta);

std::vector<HeifItem> read_items(BytesView meta);

// An item's bytes, one piece after the other; pieces outside the file are left out.
Bytes collect(
    const BytesView& file, BytesView meta, const std::vector<HeifExtent>& extents, std::uint32_t item
);

std::vector<Box> read_properties(BytesView properties);

// The properties of an item: their positions in the list, counted from 1.
std::vector<std::uint32_t> read_associations(BytesView properties, std::uint32_t wanted);

std::optional<Size> read_extent(const Box& ispe);

// Items that are made of others: libheif 1.15 follows them wherever they lead, even to themselves. Allowed
// are a grid of coded tiles whose size is the one declared, and the copy of a coded picture.
Result<void> check_derived_items(const HeifParts& parts, ImageFormat format);

}  // namespace vignette
