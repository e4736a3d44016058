// How a camera was held, and when it was used.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace vignette {

struct Tiff;

struct ExifFacts {
    int orientation = 1;
    std::string taken;
};

// Of an EXIF block, which is a small TIFF file of either byte order, with or without "Exif\0\0" before it.
ExifFacts read_exif(std::span<const std::byte> exif);

// 1 to 8, in the first directory; 1, upright, where it says nothing or nothing sensible.
int orientation_of(const Tiff& tiff);

// "2026-05-01T12:30:00", by the camera's own clock: when the picture was taken or, where that is not said,
// when the file was changed. Empty if it says nothing, or not a date.
std::string taken_of(const Tiff& tiff);

}  // namespace vignette
