// The JPEG previews that a camera stores in its raw file beside the sensor values.
#pragma once

#include <span>
#include <vector>

#include "image/decode_need.h"
#include "image/tiff/directory.h"
#include "vignette/image.h"

namespace vignette {

struct RawPreview {
    std::span<const std::byte> jpeg;
    Size size;  // as stored; from the JPEG's own header, because the directories may lie
    bool operator==(const RawPreview& other) const {
        return jpeg.data() == other.jpeg.data() && jpeg.size() == other.jpeg.size() && size == other.size;
    }
};

inline constexpr std::size_t raw_previews_max = 16;

// All that begin like a JPEG we can decode, smallest first.
std::vector<RawPreview> find_previews(std::span<const std::byte> encoded, const Tiff& tiff);

// Reads the header of a possible preview and adds it.
void add_preview(std::span<const std::byte> jpeg, std::vector<RawPreview>& previews);

// Are both sides long enough, as shown? An empty `cover` asks for the whole picture, which no preview covers.
bool covers(Size stored, int orientation, Size cover);

}  // namespace vignette
