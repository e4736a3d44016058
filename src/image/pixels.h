// Memory for decoded pixels, and how they are turned.
#pragma once

#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

Result<Image> allocate_image(Size size);
std::unexpected<Error> fail_out_of_memory(Size size);

Size as_shown(Size stored, int orientation);

// Turns a picture upright.
Result<Image> orient(Image image, int orientation);

}  // namespace vignette
