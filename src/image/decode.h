// A stranger's bytes in, upright RGB pixels out. Any thread.
#pragma once

#include <cstddef>
#include <span>

#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/limits.h"

namespace vignette {

struct DecodedImage {
    Image image;
    ImageInfo info;
};

// Pixels are those of Pillow's exif_transpose() and convert("RGB"), which the reference processors are fed
// with: so alpha is dropped, not blended, and colour profiles are ignored. A file that is cut short is an
// error, never a picture that is grey below; only a JPEG that merely lacks its end marker is taken, as by
// Pillow.
Result<DecodedImage> decode_image(std::span<const std::byte> encoded, const Limits& limits);

}  // namespace vignette
