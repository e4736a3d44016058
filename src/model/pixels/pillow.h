// A part of a picture that was resized as Pillow 13 resizes it, bicubic: the same bytes. Pure function, for
// any thread.
#pragma once

#include "model/pixels/plan.h"
#include "vignette/bytes.h"
#include "vignette/image.h"

namespace vignette {

// RGB bytes of the window, row by row.
Samples pillow_window(const Image& image, Size resized, const Window& window);

}  // namespace vignette
