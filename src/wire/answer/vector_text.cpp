#include "wire/answer/vector_text.h"

#include <array>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vignette {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

double shortest(float value) {
    std::array<char, 32> spelled{};
    const auto written = std::to_chars(spelled.data(), spelled.data() + spelled.size(), value);
    double rounded = 0;
    std::from_chars(spelled.data(), written.ptr, rounded);
    return rounded;
}

std::string base64_of_floats(std::span<const float> values) {
    static_assert(std::endian::native == std::endian::little);
    const std::span<const std::byte> bytes = std::as_bytes(values);
    const auto at = [&](std::size_t i) {
        return i < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i]) : 0U;
    };
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::uint32_t three = at(i) << 16U | at(i + 1) << 8U | at(i + 2);
        for (unsigned shift = 24; shift > 0;) {
            shift -= 6;
            text += alphabet[three >> shift & 63U];
        }
        const std::size_t missing = i + 3 > bytes.size() ? i + 3 - bytes.size() : 0;
        for (std::size_t k = 0; k < missing; ++k) text[text.size() - 1 - k] = '=';
    }
    return text;
}

}  // namespace vignette
