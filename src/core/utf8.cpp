#include "core/utf8.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace vignette {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// The range of a character's first byte, the range of its second byte, and its length. The second range
// excludes overlong forms, surrogates and what is beyond Unicode.
struct Form {
    unsigned char first_least, first_most;
    unsigned char second_least, second_most;
    std::size_t length;
};
constexpr std::array forms{
    Form{0xC2, 0xDF, 0x80, 0xBF, 2}, Form{0xE0, 0xE0, 0xA0, 0xBF, 3}, Form{0xE1, 0xEC, 0x80, 0xBF, 3},
    Form{0xED, 0xED, 0x80, 0x9F, 3}, Form{0xEE, 0xEF, 0x80, 0xBF, 3}, Form{0xF0, 0xF0, 0x90, 0xBF, 4},
    Form{0xF1, 0xF3, 0x80, 0xBF, 4}, Form{0xF4, 0xF4, 0x80, 0x8F, 4},
};

bool in_range(char byte, unsigned char least, unsigned char most) {
    return static_cast<unsigned char>(byte) >= least && static_cast<unsigned char>(byte) <= most;
}

// Bytes of the character at the beginning of `text`, or 0 if there is no valid one.
std::size_t character_length(std::string_view text) {
    if (in_range(text[0], 0, 0x7F)) return 1;
    const auto* const form = std::ranges::find_if(forms, [&](const Form& one) {
        return in_range(text[0], one.first_least, one.first_most);
    });
    if (form == forms.end() || text.size() < form->length) return 0;
    if (!in_range(text[1], form->second_least, form->second_most)) return 0;
    const std::string_view rest = text.substr(2, form->length - 2);
    const bool whole = std::ranges::all_of(rest, [](char byte) { return in_range(byte, 0x80, 0xBF); });
    return whole ? form->length : 0;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
    std::string whole;
    whole.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = character_length(text);
        whole += length == 0 ? replacement : text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return whole;
}

}  // namespace vignette
