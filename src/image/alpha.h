// Blends transparent pictures over white.
#pragma once

#include <cstdint>
#include <span>

#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

// One sample: colour x alpha + white x (1 - alpha), rounded to nearest: the same bytes as when Pillow
// pastes a picture onto a white one with its alpha as the mask.
constexpr std::uint8_t over_white(unsigned colour, unsigned alpha) {
    const unsigned sum = colour * alpha + 255U * (255U - alpha) + 128U;
    return static_cast<std::uint8_t>(((sum >> 8) + sum) >> 8);
}

void blend_over_white(std::span<const std::uint8_t> rgba, std::span<std::uint8_t> rgb);

// A picture with four samples per pixel.
Result<Samples> allocate_rgba(Size size);

}  // namespace vignette
