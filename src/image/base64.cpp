#include "image/base64.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "core/hex.h"
#include "vignette_rust.h"

namespace vignette {
namespace {

// The most that `size` characters can decode to. size / 4 comes first: no overflow.
constexpr std::size_t decoded_max(std::size_t size) { return size / 4 * 3 + size % 4; }

bool carries_bits(char character) {
    return character != ' ' && character != '\t' && character != '\r' && character != '\n' &&
           character != '=';
}

// Exact for valid text, but slower: only for the few texts near the limit.
std::size_t decoded_size(std::string_view text) {
    const auto digits = static_cast<std::size_t>(std::ranges::count_if(text, carries_bits));
    return digits / 4 * 3 + digits % 4 * 3 / 4;
}

std::string quoted(char character) {
    const auto value = static_cast<std::uint8_t>(character);
    if (value >= 0x20 && value < 0x7f) return {'\'', character, '\''};
    return {'b', 'y', 't', 'e', ' ', '0', 'x', hex_digits[value / 16u], hex_digits[value % 16u]};
}

}  // namespace

Result<Bytes> decode_base64(std::string_view text, std::size_t bytes_max) {
    if (decoded_max(text.size()) > bytes_max) {
        if (const std::size_t size = decoded_size(text); size > bytes_max)
            return fail(
                ErrorCode::too_large, "the base64 decodes to " + std::to_string(size) +
                                          " bytes and at most " + std::to_string(bytes_max) +
                                          " are allowed; send a smaller file"
            );
    }
    Bytes bytes(decoded_max(text.size()));
    std::size_t result = 0;
    const auto status = vig_base64_decode(
        reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
        reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size(), &result
    );
    if (status == VIG_OK) {
        bytes.resize(result);
        return bytes;
    }
    if (status == VIG_BAD_CHARACTER)
        return fail(
            ErrorCode::bad_base64, "not base64 at character " + std::to_string(result) + " (" +
                                       quoted(text[result]) +
                                       "); send the bytes of the file, encoded as base64 and nothing else"
        );
    if (status == VIG_CUT_SHORT)
        return fail(ErrorCode::bad_base64, "the base64 is cut short: it ends inside a byte; send all of it");
    return fail(ErrorCode::internal, "the base64 decoder failed with status " + std::to_string(status));
}

}  // namespace vignette
