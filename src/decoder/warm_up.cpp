#include "decoder/warm_up.h"

#include <array>
#include <span>

#include "image/decode.h"
#include "vignette/limits.h"

namespace vignette {
namespace {

// A TIFF of one black pixel. OpenCV sets itself up when it decodes its first picture.
constexpr std::array<unsigned char, 110> tiff{
    'I', 'I', '*', 0, 8, 0, 0, 0, 8, 0,        // 8 entries at 8
    0,   1,   3,   0, 1, 0, 0, 0, 1, 0, 0, 0,  // width
    1,   1,   3,   0, 1, 0, 0, 0, 1, 0, 0, 0,  // height
    2,   1,   3,   0, 1, 0, 0, 0, 8, 0, 0, 0,  // bits
    3,   1,   3,   0, 1, 0, 0, 0, 1, 0, 0, 0,  // not compressed
    6,   1,   3,   0, 1, 0, 0, 0, 1, 0, 0, 0,  // grey
    17,  1,   4,   0, 1, 0, 0, 0, 8, 0, 0, 0,  // where its only byte is
    22,  1,   3,   0, 1, 0, 0, 0, 1, 0, 0, 0,  // rows in a strip
    23,  1,   4,   0, 1, 0, 0, 0, 1, 0,        // bytes in a strip
};

}  // namespace

void warm_up_decoders() {
    [[maybe_unused]] const auto decoded = decode_image(std::as_bytes(std::span(tiff)), Limits{});
}

}  // namespace vignette
