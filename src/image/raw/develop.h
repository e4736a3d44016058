// LibRaw's wall: the only place that knows it. Whatever it finds wrong is an error here.
#pragma once

#include <span>
#include <string>

#include "image/header.h"
#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/limits.h"

namespace vignette {

// What LibRaw says about a file that is not a TIFF; its pixels are not touched.
Result<ImageHeader> read_header_by_libraw(std::span<const std::byte> encoded);

// The JPEG that the camera made, of a file that is not a TIFF.
Result<Bytes> read_thumbnail_by_libraw(std::span<const std::byte> encoded, const Limits& limits);

// Developed with the camera's white balance into sRGB, each group of 2 x 2 sensor values one pixel, its
// brightness not stretched; as stored, not turned. Whole where the sensor has no such groups.
Result<Image> develop_half(std::span<const std::byte> encoded, const Limits& limits);

}  // namespace vignette
