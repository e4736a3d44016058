// The sensor values of a TIFF-based raw file: where they are, how many, and whether they are all there.
#pragma once

#include <optional>
#include <span>

#include "image/tiff/directory.h"
#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

bool is_dng(const Tiff& tiff);

// Never true of an ordinary TIFF picture.
bool holds_sensor_values(const TiffDirectory& directory);

// The size of the largest picture of sensor values, without the rows and columns that never see light; empty
// if the file does not give it the way a DNG does.
std::optional<Size> find_sensor_size(const Tiff& tiff);

// LibRaw develops even an incomplete DNG, with black or made-up colours for missing pixels, so missing values
// must be detected first.
Result<void> check_sensor_values(std::span<const std::byte> encoded, const Tiff& tiff);

}  // namespace vignette
