// How the camera was held, and when the picture was taken.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace vignette {

struct Tiff;

struct ExifFacts {
    std::optional<int> orientation;  // 1 to 8; empty: it does not say
    std::string taken;
};

// Reads an EXIF block: a small TIFF file of either byte order, with or without "Exif\0\0" before it.
ExifFacts read_exif(std::span<const std::byte> exif);

// EXIF's; if that does not say, the one in an XMP packet, which may be empty; else 1.
int orientation_of(const ExifFacts& exif, std::span<const std::byte> xmp);

// What a TIFF, or the one inside an EXIF block, says.
ExifFacts facts_of(const Tiff& tiff);

// 1 to 8, from the first directory; 1 (upright) if missing or invalid.
int orientation_of(const Tiff& tiff);

// "2026-05-01T12:30:00", by the camera's own clock: when the picture was taken or, if that is missing, when
// the file was changed. Empty if both are missing or invalid.
std::string taken_of(const Tiff& tiff);

}  // namespace vignette
