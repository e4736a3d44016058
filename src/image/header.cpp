#include "image/header.h"

#include <algorithm>
#include <string>

#include "image/bmp.h"
#include "image/gif/gif.h"
#include "image/heif/heif.h"
#include "image/jpeg/jpeg.h"
#include "image/png/png.h"
#include "image/raw/raw.h"
#include "image/sniff.h"
#include "image/tiff/tiff.h"
#include "image/webp.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::size_t decoder_bytes = 1 * MiB;  // a decoder's tables and rows, whatever the picture's size

std::string in_words(Size size) { return std::to_string(size.width) + " x " + std::to_string(size.height); }

}  // namespace

Result<ImageHeader> read_header(std::span<const std::byte> encoded) {
    const ImageFormat format = TRY(sniff(encoded));
    switch (format) {
        case ImageFormat::jpeg: return read_jpeg_header(encoded);
        case ImageFormat::png: return read_png_header(encoded);
        case ImageFormat::webp: return read_webp_header(encoded);
        case ImageFormat::bmp: return read_bmp_header(encoded);
        case ImageFormat::gif: return read_gif_header(encoded);
        case ImageFormat::heic:
        case ImageFormat::avif: return read_heif_header(encoded, format);
        case ImageFormat::raw: return read_raw_header(encoded);
        case ImageFormat::tiff: return read_tiff_header(encoded);
    }
    panic("ImageFormat out of range");
}

Result<void> check_header(const ImageHeader& header, std::size_t encoded_bytes, const Limits& limits) {
    const Size size = header.size;
    const bool raw = header.format == ImageFormat::raw;
    const std::size_t bytes_max = raw ? limits.raw_bytes_max : limits.image_bytes_max;
    if (encoded_bytes > bytes_max) {
        return fail(
            ErrorCode::too_large, "the picture has " + std::to_string(encoded_bytes) + " bytes and at most " +
                                      std::to_string(bytes_max) +
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

std::size_t decode_bytes(std::span<const std::byte> encoded, const Limits& limits) {
    const Result<ImageHeader> header = read_header(encoded);
    if (!header || !check_header(*header, encoded.size(), limits)) return 0;
    constexpr std::size_t rgb = 3;
    const std::size_t turned = header->orientation == 1 ? 0 : rgb;
    // First the decoder's own memory lies beside the pixels, then, when that is gone, those of the turned
    // picture.
    // Some take a copy of the file, or of its compressed part.
    return static_cast<std::size_t>(header->size.pixels()) * (rgb + std::max(header->scratch, turned)) +
           encoded.size() + decoder_bytes;
}

}  // namespace vignette
