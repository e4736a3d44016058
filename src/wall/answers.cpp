#include "wall/answers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "core/utf8.h"

namespace vignette {
namespace {

constexpr std::uint32_t codes_end = static_cast<std::uint32_t>(ErrorCode::internal) + 1;
constexpr std::uint32_t formats_end = static_cast<std::uint32_t>(ImageFormat::raw) + 1;
constexpr std::uint32_t paths_end = static_cast<std::uint32_t>(PixelPath::half) + 1;

bool is_time(double seconds) { return std::isfinite(seconds) && std::abs(seconds) < 1e9; }

template <std::size_t size>
std::string text_of(const ShortText<size>& text) {
    return valid_utf8(text.view());
}

// A decoder may find fault with what it was given. It has no say in how jobs and the program fare.
constexpr std::array reportable{ErrorCode::empty_image,       ErrorCode::unsupported_media,
                                ErrorCode::truncated_image,   ErrorCode::not_an_image,
                                ErrorCode::undecodable_image, ErrorCode::too_large,
                                ErrorCode::out_of_memory,     ErrorCode::too_many_pixels};

}  // namespace

std::unexpected<Error> fail_nonsense() {
    return fail(
        ErrorCode::undecodable_image,
        "the decoder failed on it in a way that only a damaged or malicious file causes; save it again as "
        "JPEG or PNG"
    );
}

Result<void> check_answer(const DecoderAnswer& answer) {
    if (answer.failure == DecoderAnswer::ok) return {};
    if (answer.failure > codes_end) return fail_nonsense();
    const auto code = static_cast<ErrorCode>(answer.failure - 1);
    if (std::ranges::find(reportable, code) == reportable.end()) return fail_nonsense();
    if (code == ErrorCode::out_of_memory) {
        return fail(
            ErrorCode::too_large,
            "decoding it takes more memory than its size explains; save it again as JPEG or PNG"
        );
    }
    return fail(code, text_of(answer.message));
}

Result<ImageHeader> raw_header(const DecoderAnswer& answer) {
    TRY(check_answer(answer));
    constexpr std::uint64_t scratch_max = 64;
    const bool sane = answer.size.width >= 0 && answer.size.height >= 0 && answer.orientation >= 1 &&
                      answer.orientation <= 8 && answer.memory_needed <= scratch_max;
    if (!sane) return fail_nonsense();
    return ImageHeader{
        ImageFormat::raw, answer.size, static_cast<int>(answer.orientation), text_of(answer.taken),
        answer.memory_needed
    };
}

Result<ImageInfo> picture_info(const DecoderAnswer& answer, std::size_t room) {
    TRY(check_answer(answer));
    const bool sane = answer.size.width > 0 && answer.size.height > 0 && answer.full.width >= 0 &&
                      answer.full.height >= 0 && answer.format < formats_end && answer.path < paths_end &&
                      static_cast<std::uint64_t>(answer.size.pixels()) <= room / 3;
    if (!sane) return fail_nonsense();
    return ImageInfo{
        .size = answer.size,
        .format = static_cast<ImageFormat>(answer.format),
        .path = static_cast<PixelPath>(answer.path),
        .full = answer.full,
        .taken = text_of(answer.taken)
    };
}

Result<FilmFacts> film_facts(const DecoderAnswer& answer, const Limits& limits) {
    TRY(check_answer(answer));
    const bool sane = answer.size.width > 0 && answer.size.height > 0 &&
                      answer.size.pixels() <= limits.image_pixels_max && is_time(answer.duration) &&
                      is_time(answer.fps) && answer.duration >= 0 && answer.fps >= 0;
    if (!sane) return fail_nonsense();
    return FilmFacts{
        .duration = answer.duration,
        .fps = answer.fps,
        .size = answer.size,
        .container = text_of(answer.container),
        .codec = text_of(answer.codec)
    };
}

Result<std::optional<Shown>> shown_frame(const DecoderAnswer& answer) {
    TRY(check_answer(answer));
    if (answer.has_frame == 0) return std::nullopt;
    if (!is_time(answer.shown.from) || !is_time(answer.shown.until)) return fail_nonsense();
    return Shown{.from = answer.shown.from, .until = answer.shown.until, .last = answer.last_frame != 0};
}

}  // namespace vignette
