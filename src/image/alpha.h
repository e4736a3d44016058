// Transparent pictures are shown on white paper.
#pragma once

#include <cstdint>
#include <span>

#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

// One sample: colour x alpha + white x (1 - alpha), rounded to the nearest. These are Pillow's bytes when it
// pastes a picture on a white one with its alpha as the mask.
constexpr std::uint8_t over_white(unsigned colour, unsigned alpha) {
    const unsigned sum = colour * alpha + 255U * (255U - alpha) + 128U;
    return static_cast<std::uint8_t>(((sum >> 8) + sum) >> 8);
}

void blend_over_white(std::span<const std::uint8_t> rgba, std::span<std::uint8_t> rgb);

// A picture's memory with four samples for each pixel.
Result<Samples> allocate_rgba(Size size);

}  // namespace vignette
