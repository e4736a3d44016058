#include "image/alpha.h"

#include "image/pixels.h"
#include "vignette/invariant.h"

namespace vignette {

void blend_over_white(std::span<const std::uint8_t> rgba, std::span<std::uint8_t> rgb) {
    ASSERT(rgba.size() / 4 == rgb.size() / 3);
    for (std::size_t from = 0, to = 0; from < rgba.size(); from += 4, to += 3) {
        const unsigned alpha = rgba[from + 3];
        for (std::size_t i = 0; i < 3; ++i) rgb[to + i] = over_white(rgba[from + i], alpha);
    }
}

Result<Samples> allocate_rgba(Size size) {
    auto samples = at_wall(ErrorCode::out_of_memory, [&] {
        return Samples(static_cast<std::size_t>(size.pixels()) * 4);
    });
    if (samples) return samples;
    return fail_out_of_memory(size);
}

}  // namespace vignette
