// The sensor's own values in a raw file that is a TIFF: where they are, how many, and whether they are all
// there.
#pragma once

#include <optional>
#include <span>

#include "image/tiff/directory.h"
#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

bool is_dng(const Tiff& tiff);

// A TIFF picture has no such directory.
bool holds_sensor_values(const TiffDirectory& directory);

// Of the largest picture of sensor values, without the rows and columns that never see light; nothing where
// the file does not say so in the way of a DNG.
std::optional<Size> find_sensor_size(const Tiff& tiff);

// LibRaw develops what there is of a DNG, missing pixels as black ones, or with colours that it makes up: so
// what is not all there has to be found out before.
Result<void> check_sensor_values(std::span<const std::byte> encoded, const Tiff& tiff);

}  // namespace vignette
