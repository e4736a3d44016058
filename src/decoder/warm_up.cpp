#include "decoder/warm_up.h"

#include <array>
#include <span>

#include "image/decode.h"
#include "vignette/limits.h"

namespace vignette {
namespace {

// One white pixel. OpenCV sets itself up when it decodes its first picture.
constexpr std::array<unsigned char, 58> bitmap{'B', 'M', 58, 0, 0, 0, 0, 0, 0, 0,   54,  0,   0, 0,  40,
                                               0,   0,   0,  1, 0, 0, 0, 1, 0, 0,   0,   1,   0, 24, 0,
                                               0,   0,   0,  0, 4, 0, 0, 0, 0, 0,   0,   0,   0, 0,  0,
                                               0,   0,   0,  0, 0, 0, 0, 0, 0, 255, 255, 255, 0};

}  // namespace

void warm_up_decoders() { (void)decode_image(std::as_bytes(std::span(bitmap)), Limits{}); }

}  // namespace vignette
