// Bytes as hexadecimal digits in lower case. Pure functions, for any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vignette {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

inline void append_hex(std::string& text, std::uint8_t byte) {
    text += hex_digits[byte >> 4U];
    text += hex_digits[byte & 15U];
}

inline std::string to_hex(std::string_view bytes) {
    std::string text;
    text.reserve(2 * bytes.size());
    for (const char byte : bytes) append_hex(text, static_cast<std::uint8_t>(byte));
    return text;
}

inline bool is_sha256(std::string_view text) {
    return text.size() == 64 && text.find_first_not_of(hex_digits) == std::string_view::npos;
}

}  // namespace vignette
