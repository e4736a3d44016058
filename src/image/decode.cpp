#include "image/decode.h"

#include <utility>

#include "image/gif/gif.h"
#include "image/heif/heif.h"
#include "image/jpeg/jpeg.h"
#include "image/pixels.h"
#include "image/plain.h"
#include "image/png/png.h"
#include "image/raw/raw.h"
#include "image/read_header.h"
#include "image/tiff/tiff.h"
#include "image/webp.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

Result<Image> decode_as(const ImageHeader& header, std::span<const std::byte> encoded) {
    const Size size = header.size;
    switch (header.format) {
        case ImageFormat::png: return decode_png(encoded, size);
        case ImageFormat::webp: return decode_webp(encoded, size);
        case ImageFormat::bmp:
        case ImageFormat::pnm:
        case ImageFormat::tga:
        case ImageFormat::ico: return decode_plain(encoded, header);
        case ImageFormat::gif: return decode_gif(encoded, size);
        case ImageFormat::heic:
        case ImageFormat::avif: return decode_heif(encoded, header);
        case ImageFormat::tiff: return decode_tiff(encoded, size);
        case ImageFormat::jpeg:
        case ImageFormat::raw: break;
    }
    panic("ImageFormat out of range");
}

int eighths_for(const ImageHeader& header, const DecodeNeed& need) {
    if (!need.fast) return jpeg_whole;
    return jpeg_eighths(header.size, as_shown(need.cover, header.orientation));  // the same swap in reverse
}

}  // namespace

Result<DecodedImage> decode_image(
    std::span<const std::byte> encoded, const Limits& limits, const DecodeNeed& need
) {
    const ImageHeader header = TRY(read_header(encoded));
    TRY(check_header(header, encoded.size(), limits));
    ImageInfo info;
    info.format = header.format;
    info.taken = header.taken;
    Image stored;
    if (header.format == ImageFormat::raw) {
        RawPixels pixels = TRY(decode_raw(encoded, header, limits, need));
        info.path = pixels.path;
        stored = std::move(pixels.image);
    } else if (header.format == ImageFormat::jpeg) {
        const int eighths = eighths_for(header, need);
        if (eighths < jpeg_whole) info.path = PixelPath::scaled;
        RowSink* const sink = header.orientation == 1 ? need.sink : nullptr;
        stored = TRY(decode_jpeg(encoded, header.size, eighths, sink));
    } else {
        stored = TRY(decode_as(header, encoded));
    }
    Image image = TRY(orient(std::move(stored), header.orientation));
    info.size = image.size;
    if (info.path != PixelPath::whole) info.full = as_shown(header.size, header.orientation);
    return DecodedImage{std::move(image), std::move(info)};
}

}  // namespace vignette
