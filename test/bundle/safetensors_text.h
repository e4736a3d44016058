// safetensors files as a test writes them: any header, right or wrong.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace vignette {

inline std::string safetensors_text(
    std::uint64_t header_length, std::string_view header, std::string_view data
) {
    std::string text(sizeof(header_length), '\0');
    std::memcpy(text.data(), &header_length, sizeof(header_length));
    return text.append(header).append(data);
}

inline std::string safetensors_text(std::string_view header, std::string_view data = {}) {
    return safetensors_text(header.size(), header, data);
}

inline std::span<const std::byte> bytes_of_text(std::string_view text) {
    return std::as_bytes(std::span(text));
}

}  // namespace vignette
