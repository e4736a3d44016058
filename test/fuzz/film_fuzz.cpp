// Untrusted films: whatever the bytes are, they give an error, or frames of the stated size, within the
// limits and in order.
#include <cstdint>
#include <span>

#include "film/file.h"
#include "vignette/invariant.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const vignette::Limits limits{.image_pixels_max = 256 * 256, .image_side_max = 1024};
    constexpr int frames_max = 32;
    auto film = vignette::FilmFile::open(std::as_bytes(std::span(data, size)), limits, {});
    if (!film) {
        ASSERT(!film.error().message.empty());
        return 0;
    }
    double before = -1e300;
    for (int frame = 0; frame < frames_max; ++frame) {
        const auto shown = film->next();
        if (!shown || !*shown) break;
        ASSERT((*shown)->from >= before && (*shown)->until >= (*shown)->from);
        before = (*shown)->from;
        if (size % 2 == 1)
            film->skip_to({.at = before + static_cast<double>(size % 7), .begins = size % 3 == 0});
        const auto picture = film->picture();
        if (!picture) continue;
        ASSERT(picture->size.width > 0 && picture->size.height > 0);
        ASSERT(picture->size.pixels() <= limits.image_pixels_max);
        ASSERT(picture->rgb.size() == static_cast<std::size_t>(picture->size.pixels()) * 3);
        ASSERT(film->thumbnail().has_value());
    }
    return 0;
}
