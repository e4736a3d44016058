// The wall around LibRaw: the only place that uses it. All its failures become errors here.
#pragma once

#include <span>
#include <string>

#include "image/header.h"
#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/limits.h"

namespace vignette {

// The header of a file that is not a TIFF, by LibRaw; its pixels are not touched.
Result<ImageHeader> read_header_by_libraw(std::span<const std::byte> encoded);

// The camera's own JPEG in a file that is not a TIFF.
Result<Bytes> read_thumbnail_by_libraw(std::span<const std::byte> encoded, const Limits& limits);

// Develops with the camera's white balance into sRGB, each group of 2 x 2 sensor values becoming one pixel,
// without stretching the brightness; as stored, not rotated. At full size if the sensor has no such groups.
Result<Image> develop_half(std::span<const std::byte> encoded, const Limits& limits);

}  // namespace vignette
