// Decoded pictures, as values.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "vignette/bytes.h"

namespace vignette {

struct Size {
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::int64_t pixels() const { return std::int64_t{width} * height; }
    bool operator==(const Size&) const = default;
};

enum class ImageFormat { jpeg, png, webp, bmp, gif, tiff, heic, avif, pnm, tga, ico, raw };

// A decoded picture: RGB bytes, row by row, upright. Channels are interleaved, as the resize expects.
struct Image {
    Size size;
    Samples rgb;
};

// Receives the rows of a picture as it is decoded, on the decoder's thread.
class RowSink {
public:
    virtual ~RowSink() = default;

    // `rows` are all rows decoded so far, from the top. They remain unchanged until forget(), or for the
    // lifetime of the picture.
    virtual void accept_rows(Size whole, std::span<const std::uint8_t> rows) = 0;

    // Decoding failed: once this returns, the rows must no longer be read.
    virtual void forget() = 0;
};

// Which pixels of the file were used.
enum class PixelPath {
    whole,    // all of them
    scaled,   // a JPEG's, decoded at a fraction of its size
    preview,  // the smallest preview in a camera's raw file that is large enough
    half,     // a raw file without such a preview, developed at half its size
};

// What the answer says about the picture. The size is that of the decoded pixels, after applying the camera's
// orientation.
struct ImageInfo {
    Size size;
    ImageFormat format = ImageFormat::jpeg;
    PixelPath path = PixelPath::whole;
    Size full{};        // the picture's size in the file, if `path` is not `whole`
    std::string taken;  // "2026-05-01T12:30:00", by the camera's clock; empty if the file does not say
    bool operator==(const ImageInfo&) const = default;
};

}  // namespace vignette
