#include "image/read_header.h"

#include <algorithm>

#include "image/gif/gif.h"
#include "image/heif/heif.h"
#include "image/jpeg/jpeg.h"
#include "image/plain.h"
#include "image/png/png.h"
#include "image/raw/raw.h"
#include "image/sniff.h"
#include "image/tiff/tiff.h"
#include "image/webp.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::size_t decoder_bytes = 1 * MiB;  // a decoder's tables and rows, whatever the picture's size

}  // namespace

Result<ImageHeader> read_header(std::span<const std::byte> encoded) {
    const ImageFormat format = TRY(sniff(encoded));
    switch (format) {
        case ImageFormat::jpeg: return read_jpeg_header(encoded);
        case ImageFormat::png: return read_png_header(encoded);
        case ImageFormat::webp: return read_webp_header(encoded);
        case ImageFormat::bmp:
        case ImageFormat::pnm:
        case ImageFormat::tga:
        case ImageFormat::ico: return read_plain_header(encoded, format);
        case ImageFormat::gif: return read_gif_header(encoded);
        case ImageFormat::heic:
        case ImageFormat::avif: return read_heif_header(encoded, format);
        case ImageFormat::raw: return read_raw_header(encoded);
        case ImageFormat::tiff: return read_tiff_header(encoded);
    }
    panic("ImageFormat out of range");
}

std::size_t decode_bytes(const ImageHeader& header, std::size_t encoded_bytes) {
    constexpr std::size_t rgb = 3;
    const std::size_t turned = header.orientation == 1 ? 0 : rgb;
    // The decoder's own memory is held beside the pixels first; once it is freed, the rotated picture is.
    // Some decoders copy the file, or its compressed part.
    return static_cast<std::size_t>(header.size.pixels()) * (rgb + std::max(header.scratch, turned)) +
           encoded_bytes + decoder_bytes;
}

}  // namespace vignette
