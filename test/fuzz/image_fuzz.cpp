// Untrusted pictures: whatever the bytes are, they give an error, or a picture of the stated size within the
// limits.
#include <cstdint>
#include <span>

#include "image/decode.h"
#include "image/read_header.h"
#include "vignette/invariant.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const vignette::Limits limits{
        .picture_bytes_max = 64 * vignette::KiB, .image_pixels_max = 256 * 256, .image_side_max = 1024
    };
    const auto encoded = std::as_bytes(std::span(data, size));
    const auto decoded = vignette::decode_image(encoded, limits);
    if (!decoded) {
        ASSERT(!decoded.error().message.empty());
        return 0;
    }
    const auto& [image, info] = *decoded;
    ASSERT(image.size == info.size);
    ASSERT(image.size.width > 0 && image.size.height > 0);
    ASSERT(image.size.pixels() <= limits.image_pixels_max);
    ASSERT(image.rgb.size() == static_cast<std::size_t>(image.size.pixels()) * 3);
    ASSERT(vignette::decode_bytes(*vignette::read_header(encoded), encoded.size()) >= image.rgb.size());

    const auto fast = vignette::decode_image(encoded, limits, {.cover = {4, 4}, .fast = true});
    if (fast && fast->info.path == vignette::PixelPath::scaled) {
        ASSERT(fast->info.full == info.size);
        ASSERT(fast->image.size.width >= 8 && fast->image.size.height >= 8);
        ASSERT(fast->image.rgb.size() == static_cast<std::size_t>(fast->image.size.pixels()) * 3);
    }
    return 0;
}
