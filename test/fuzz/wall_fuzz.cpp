// What a decoder process may answer when a stranger has taken it over.
#include <cmath>
#include <cstring>

#include "vignette/invariant.h"
#include "wall/answers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vignette::DecoderAnswer answer;
    std::memcpy(&answer, data, std::min(size, sizeof answer));
    constexpr std::size_t room = 3'000'000;
    if (const auto info = vignette::picture_info(answer, room)) {
        ASSERT(info->size.width > 0 && info->size.height > 0);
        ASSERT(static_cast<std::size_t>(info->size.pixels()) * 3 <= room);
        ASSERT(info->taken.size() <= 32 * 3);
    }
    if (const auto header = vignette::raw_header(answer)) {
        ASSERT(header->orientation >= 1 && header->orientation <= 8);
        ASSERT(header->scratch <= 64);
    }
    const vignette::Limits limits;
    if (const auto facts = vignette::film_facts(answer, limits)) {
        ASSERT(facts->size.pixels() > 0 && facts->size.pixels() <= limits.image_pixels_max);
        ASSERT(std::isfinite(facts->fps) && std::isfinite(facts->duration));
    }
    if (const auto shown = vignette::shown_frame(answer); shown && *shown)
        ASSERT(std::isfinite((*shown)->from) && std::isfinite((*shown)->until));
    return 0;
}
