// What a camera wrote down beside the picture: how it was held, and when.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace vignette {

struct ExifFacts {
    int orientation = 1;  // 1 to 8; 1, upright, where nothing sensible is said
    std::string taken;    // "2026-05-01T12:30:00"; empty where nothing sensible is said
};

// Of an EXIF block, which is a small TIFF file of either byte order, with or without "Exif\0\0" before it.
// Two directories of it are looked at and none of their pointers is followed twice, so no block can make it
// loop.
ExifFacts read_exif(std::span<const std::byte> exif);

}  // namespace vignette
