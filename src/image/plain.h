// BMP, PNM, TGA and icons, by the Rust crate `image`. Pure functions, for any thread.
#pragma once

#include "image/header.h"

namespace vignette {

bool is_bmp(std::span<const std::byte> encoded);  // "BM" alone may begin any text; some lack it (.dib)
bool is_pnm(std::span<const std::byte> encoded);
bool is_tga(std::span<const std::byte> encoded);  // which has no signature: its header makes sense as one
bool is_ico(std::span<const std::byte> encoded);

Result<ImageHeader> read_plain_header(std::span<const std::byte> encoded, ImageFormat format);
Result<Image> decode_plain(std::span<const std::byte> encoded, const ImageHeader& header);

}  // namespace vignette
