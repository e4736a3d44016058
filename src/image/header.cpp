#include "image/header.h"

#include <string>

#include "image/refusal.h"

namespace vignette {
namespace {

std::string in_words(Size size) { return std::to_string(size.width) + " x " + std::to_string(size.height); }

}  // namespace

Result<void> check_header(const ImageHeader& header, std::size_t encoded_bytes, const Limits& limits) {
    const Size size = header.size;
    const bool raw = header.format == ImageFormat::raw;
    const std::size_t bytes_max = raw ? limits.raw_bytes_max : limits.picture_bytes_max;
    if (encoded_bytes > bytes_max) {
        return fail(
            ErrorCode::too_large, "the picture has " + std::to_string(encoded_bytes) + " bytes and at most " +
                                      std::to_string(bytes_max) +
                                      " are allowed; send a smaller or more compressed copy"
        );
    }
    if (size.width <= 0 || size.height <= 0)
        return fail_damaged(header.format, "it claims to have " + in_words(size) + " pixels");
    if (size.width > limits.image_side_max || size.height > limits.image_side_max) {
        return fail(
            ErrorCode::too_many_pixels,
            "the picture has " + in_words(size) + " pixels and no side may be longer than " +
                std::to_string(limits.image_side_max) + "; send a smaller copy or a crop"
        );
    }
    if (size.pixels() > limits.image_pixels_max) {
        return fail(
            ErrorCode::too_many_pixels, "the picture has " + in_words(size) + " = " +
                                            std::to_string(size.pixels()) + " pixels and at most " +
                                            std::to_string(limits.image_pixels_max) +
                                            " are allowed; send a smaller copy"
        );
    }
    return {};
}

}  // namespace vignette
