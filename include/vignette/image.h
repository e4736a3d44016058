// Pictures as values.
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

enum class ImageFormat { jpeg, png, webp, bmp, gif, tiff, heic, avif, raw };

// A decoded picture: RGB bytes, row by row, upright. Channels lie side by side, the layout the resize wants.
struct Image {
    Size size;
    Samples rgb;
};

// Follows a picture that is being decoded, on the decoder's thread.
class RowSink {
public:
    virtual ~RowSink() = default;

    // `rows` are those that are there by now, from the top; they stay as they are until forget(), or as long
    // as the picture lives.
    virtual void accept_rows(Size whole, std::span<const std::uint8_t> rows) = 0;

    // The picture came to nothing: when this returns, nobody looks at its rows any more.
    virtual void forget() = 0;
};

// Which pixels of the file were taken.
enum class PixelPath {
    whole,    // all of them
    scaled,   // a JPEG's, decoded at a fraction of its size
    preview,  // the smallest one in a camera's raw file that is large enough
    half,     // a raw file developed at half its size: it has no such preview
};

// What the answer tells about the picture: the size of the decoded pixels as shown, after the camera's
// orientation was applied.
struct ImageInfo {
    Size size;
    ImageFormat format = ImageFormat::jpeg;
    PixelPath path = PixelPath::whole;
    Size full{};        // of the file's picture, where `path` is not `whole`
    std::string taken;  // "2026-05-01T12:30:00", where the file says when; the camera's own clock
    bool operator==(const ImageInfo&) const = default;
};

}  // namespace vignette
