// A part of a resized picture without the rest of it: the same bytes as torch's antialiased bicubic resize of
// bytes, which can only make the whole. A strip of 1 x 30,000 pixels whose short edge becomes 224 would be
// 4.5 GB. Slower than torch's where the whole is small. Pure function, for any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/pixels/kernel.h"
#include "model/pixels/plan.h"
#include "vignette/bytes.h"
#include "vignette/image.h"

namespace vignette {

// One direction of a resize: weights of as many bits as fit 16.
using ResampleKernel = Kernel<std::int16_t>;

// `count` of the `to` outputs, from `begin` on.
ResampleKernel resample_kernel(std::int32_t from, std::int32_t to, std::int32_t begin, std::int32_t count);

// One row of `row` samples, of those that begin at `lines` and follow each other.
void blend_rows(
    const std::uint8_t* lines, std::size_t row, const ResampleKernel::Output& output, int bits,
    std::uint8_t* into
);

// RGB bytes of the window, row by row.
Samples resample_window(const Image& image, Size resized, const Window& window);

}  // namespace vignette
