// Strangers' pictures: whatever the bytes are, an error or a picture of the size it says, within the limits.
#include <cstdint>
#include <span>

#include "image/decode.h"
#include "vignette/invariant.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const vignette::Limits limits{
        .image_bytes_max = 64 * vignette::KiB, .image_pixels_max = 256 * 256, .image_side_max = 1024
    };
    const auto decoded = vignette::decode_image(std::as_bytes(std::span(data, size)), limits);
    if (!decoded) {
        ASSERT(!decoded.error().message.empty());
        return 0;
    }
    const auto& [image, info] = *decoded;
    ASSERT(image.size == info.size);
    ASSERT(image.size.width > 0 && image.size.height > 0);
    ASSERT(image.size.pixels() <= limits.image_pixels_max);
    ASSERT(image.rgb.size() == static_cast<std::size_t>(image.size.pixels()) * 3);
    return 0;
}
