// Allocates decoded pixels and rotates them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

Result<Image> allocate_image(Size size);
std::unexpected<Error> fail_out_of_memory(Size size);

inline Size make_size(std::uint32_t width, std::uint32_t height) {
    return {static_cast<std::int32_t>(width), static_cast<std::int32_t>(height)};
}

inline void keep_larger(std::optional<Size>& largest, Size size) {
    if (!largest || size.pixels() > largest->pixels()) largest = size;
}

// As decoders written in C expect it.
inline const std::uint8_t* data_of(std::span<const std::byte> encoded) {
    return reinterpret_cast<const std::uint8_t*>(encoded.data());
}

Size as_shown(Size stored, int orientation);

// Turns a picture upright.
Result<Image> orient(Image image, int orientation);

}  // namespace vignette
