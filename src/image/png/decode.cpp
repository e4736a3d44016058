#include "image/pixels.h"
#include "image/png/parts.h"
#include "image/png/png.h"
#include "image/refusal.h"
#include "vignette_rust.h"

namespace vignette {

Result<Image> decode_png(std::span<const std::byte> encoded, Size size) {
    const Bytes parts = TRY(read_png_parts(encoded));
    Image image = TRY(allocate_image(size));
    const vig_status status =
        vig_png_decode(data_of(parts), parts.size(), image.rgb.data(), image.rgb.size(), nullptr);
    if (status == VIG_OK) return image;
    if (status == VIG_CUT_SHORT) return fail_truncated(ImageFormat::png);
    return fail_damaged(ImageFormat::png, "its pixels cannot be decoded");
}

}  // namespace vignette
