// Pictures as values.
#pragma once

#include <cstdint>

#include "vignette/bytes.h"

namespace vignette {

struct Size {
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::int64_t pixels() const { return std::int64_t{width} * height; }
    bool operator==(const Size&) const = default;
};

enum class ImageFormat { jpeg, png, webp, bmp };

// A decoded picture: RGB bytes, row by row, upright. Channels lie side by side, the layout the resize wants.
struct Image {
    Size size;
    Samples rgb;
};

// What the answer tells about the picture: the size as shown, after the camera's orientation was applied.
struct ImageInfo {
    Size size;
    ImageFormat format = ImageFormat::jpeg;
    bool operator==(const ImageInfo&) const = default;
};

}  // namespace vignette
