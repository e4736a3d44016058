// A part of a resized picture without the rest of it: the same bytes as torch's antialiased bicubic resize of
// bytes, which can only make the whole. A strip of 1 x 30,000 pixels whose short edge becomes 224 would be
// 4.5 GB. Slower than torch's where the whole is small. Pure function, for any thread.
#pragma once

#include "vignette/bytes.h"
#include "vignette/image.h"

namespace vignette {

struct Window {  // inside the resized picture
    std::int32_t left = 0;
    std::int32_t top = 0;
    Size size;
};

// RGB bytes of the window, row by row.
Samples resample_window(const Image& image, Size resized, const Window& window);

}  // namespace vignette
