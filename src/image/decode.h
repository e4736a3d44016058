// Decodes untrusted bytes to upright RGB pixels. Any thread.
#pragma once

#include <cstddef>
#include <span>

#include "image/decode_need.h"
#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/limits.h"

namespace vignette {

struct DecodedImage {
    Image image;
    ImageInfo info;
};

// The pixels are those of Pillow's exif_transpose() and convert("RGB"), which the reference processors get,
// except where a picture is transparent: it is blended over white, whereas Pillow would show whatever colour
// is hidden there. Colour profiles are ignored. A file that is cut short is an error, never a picture that is
// grey at the bottom; a JPEG that lacks only its end marker is accepted, as in Pillow. docs/pictures.md has
// the rules.
Result<DecodedImage> decode_image(
    std::span<const std::byte> encoded, const Limits& limits, const DecodeNeed& need = {}
);

}  // namespace vignette
