#include "image/header.h"

#include <string>

#include "image/bmp.h"
#include "image/jpeg.h"
#include "image/png.h"
#include "image/raw.h"
#include "image/sniff.h"
#include "image/webp.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

std::string in_words(Size size) { return std::to_string(size.width) + " x " + std::to_string(size.height); }

}  // namespace

Result<ImageHeader> read_header(std::span<const std::byte> encoded) {
    switch (TRY(sniff(encoded))) {
        case ImageFormat::jpeg: return read_jpeg_header(encoded);
        case ImageFormat::png: return read_png_header(encoded);
        case ImageFormat::webp: return read_webp_header(encoded);
        case ImageFormat::bmp: return read_bmp_header(encoded);
        case ImageFormat::gif:
        case ImageFormat::tiff:
        case ImageFormat::heic:
        case ImageFormat::avif: break;
        case ImageFormat::raw: return read_raw_header(encoded);
    }
    panic("ImageFormat out of range");
}

std::size_t decode_bytes(std::span<const std::byte> encoded, const Limits& limits) {
    const Result<ImageHeader> header = read_header(encoded);
    if (!header || !check_header(*header, encoded.size(), limits)) return 0;
    return static_cast<std::size_t>(header->size.pixels()) * 3 * 2;
}

Result<void> check_header(const ImageHeader& header, std::size_t encoded_bytes, const Limits& limits) {
    const Size size = header.size;
    if (encoded_bytes > limits.image_bytes_max) {
        return fail(
            ErrorCode::too_large, "the picture has " + std::to_string(encoded_bytes) + " bytes and at most " +
                                      std::to_string(limits.image_bytes_max) +
                                      " are taken; send a smaller or more compressed copy"
        );
    }
    if (size.width <= 0 || size.height <= 0)
        return fail_damaged(header.format, "it says that it has " + in_words(size) + " pixels");
    if (size.width > limits.image_side_max || size.height > limits.image_side_max) {
        return fail(
            ErrorCode::too_many_pixels,
            "the picture has " + in_words(size) + " pixels and no side may be longer than " +
                std::to_string(limits.image_side_max) + "; send a smaller copy or a part of it"
        );
    }
    if (size.pixels() > limits.image_pixels_max) {
        return fail(
            ErrorCode::too_many_pixels, "the picture has " + in_words(size) + " = " +
                                            std::to_string(size.pixels()) + " pixels and at most " +
                                            std::to_string(limits.image_pixels_max) +
                                            " are taken; send a smaller copy"
        );
    }
    return {};
}

}  // namespace vignette
