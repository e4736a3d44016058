// The JPEG pictures that a camera puts into its raw file beside the sensor's values.
#pragma once

#include <span>
#include <vector>

#include "image/decode_need.h"
#include "image/tiff/directory.h"
#include "vignette/image.h"

namespace vignette {

struct RawPreview {
    std::span<const std::byte> jpeg;
    Size size;  // as stored; from the JPEG's own header: what the directories say about it may be a lie
    bool operator==(const RawPreview& other) const {
        return jpeg.data() == other.jpeg.data() && jpeg.size() == other.jpeg.size() && size == other.size;
    }
};

inline constexpr std::size_t raw_previews_max = 16;

// All that begin as a JPEG which is decoded here, the smallest first.
std::vector<RawPreview> find_previews(std::span<const std::byte> encoded, const Tiff& tiff);

// Reads the header of what may be a preview and adds it.
void add_preview(std::span<const std::byte> jpeg, std::vector<RawPreview>& previews);

// Are both sides long enough, as shown? Nothing covers the whole picture, which is what an empty `cover` asks
// for.
bool covers(Size stored, int orientation, Size cover);

}  // namespace vignette
