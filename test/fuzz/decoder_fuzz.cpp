// The decoder process itself, from both sides of the wall: whatever the bytes are, it gives the picture or
// the error that decoding them here gives. A process that died would answer differently.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>

#include "image/decode.h"
#include "image/read_header.h"
#include "vignette/invariant.h"
#include "wall/decoder_pool.h"

namespace {

using namespace vignette;  // NOLINT(google-build-using-namespace): a test

constexpr Limits limits{.picture_bytes_max = 64 * KiB, .image_pixels_max = 256 * 256, .image_side_max = 1024};

DecoderPool& pool() {
    static const std::unique_ptr<DecoderPool> started = *DecoderPool::start(VIGNETTE_DECODER, 1);
    return *started;
}

Result<DecodedImage> decoded_behind_the_wall(std::span<const std::byte> encoded) {
    const ImageHeader header = TRY(pool().header(encoded, limits, {}));
    return pool().decode(encoded, header, limits, {}, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto encoded = std::as_bytes(std::span(data, size));
    const auto there = decoded_behind_the_wall(encoded);
    const auto here = decode_image(encoded, limits);
    ASSERT(here.has_value() == there.has_value());
    if (!here) {
        ASSERT(here.error().code == there.error().code && here.error().message == there.error().message);
        return 0;
    }
    ASSERT(here->image.size == there->image.size);
    ASSERT(std::ranges::equal(here->image.rgb, there->image.rgb));
    return 0;
}
