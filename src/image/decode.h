// A stranger's bytes in, upright RGB pixels out. Any thread.
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

// ModelInput are those of Pillow's exif_transpose() and convert("RGB"), which the reference processors are
// fed with, except where a picture is transparent: there it is shown over white, where Pillow would show
// whatever colour is hidden there. Colour profiles are ignored. A file that is cut short is an error, never a
// picture that is grey below; only a JPEG that merely lacks its end marker is taken, as by Pillow.
// docs/pictures.md has the rules.
Result<DecodedImage> decode_image(
    std::span<const std::byte> encoded, const Limits& limits, const DecodeNeed& need = {}
);

}  // namespace vignette
