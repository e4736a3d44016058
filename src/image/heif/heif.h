// HEIC and AVIF: one container (ISO base media), two codecs, through libheif.
#pragma once

#include "image/header.h"

namespace vignette {

// The size is that after the file's own rotation, which libheif applies. The EXIF orientation repeats that
// rotation and is ignored.
Result<ImageHeader> read_heif_header(std::span<const std::byte> encoded, ImageFormat format);

// May be smaller than `header.size`: a file can crop its picture.
Result<Image> decode_heif(std::span<const std::byte> encoded, const ImageHeader& header);

}  // namespace vignette
