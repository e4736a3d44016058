#include "caption/wording/characters.h"

#include <algorithm>
#include <array>

namespace vignette {
namespace {

struct Span {
    char32_t first;
    char32_t last;
};

template <std::size_t size>
bool in_any(const std::array<Span, size>& spans, char32_t code) {
    return std::ranges::any_of(spans, [code](const Span& span) {
        return span.first <= code && code <= span.last;
    });
}

constexpr std::array ideographic{
    Span{0x2E80, 0x30FF}, Span{0x31F0, 0x31FF}, Span{0x3400, 0x4DBF},   Span{0x4E00, 0x9FFF},
    Span{0xF900, 0xFAFF}, Span{0xFF00, 0xFFEF}, Span{0x0E00, 0x0EFF},  // Thai and Lao write no blanks either
    Span{0x1000, 0x109F}, Span{0x1780, 0x17FF}, Span{0x20000, 0x3FFFF},
};
constexpr std::array extending{
    Span{0x0300, 0x036F},   Span{0x0483, 0x0489},   Span{0x0591, 0x05BD}, Span{0x064B, 0x065F},
    Span{0x0900, 0x0903},   Span{0x093A, 0x094F},   Span{0x0E31, 0x0E31}, Span{0x0E34, 0x0E3A},
    Span{0x0E47, 0x0E4E},   Span{0x1AB0, 0x1AFF},   Span{0x1DC0, 0x1DFF}, Span{0x200D, 0x200D},
    Span{0x20D0, 0x20FF},   Span{0x3099, 0x309A},   Span{0xFE00, 0xFE0F}, Span{0xFE20, 0xFE2F},
    Span{0x1F3FB, 0x1F3FF}, Span{0xE0020, 0xE007F},
};
constexpr std::array punctuation{
    Span{0x00, 0x2F},     Span{0x3A, 0x40},     Span{0x5B, 0x60},     Span{0x7B, 0xA9},
    Span{0xAB, 0xB4},     Span{0xB6, 0xB9},     Span{0xBB, 0xBF},     Span{0xD7, 0xD7},
    Span{0xF7, 0xF7},     Span{0x2000, 0x200C}, Span{0x200E, 0x206F}, Span{0x2E00, 0x2E7F},
    Span{0x3000, 0x3003}, Span{0x3008, 0x3011}, Span{0xFF01, 0xFF0F}, Span{0xFF1A, 0xFF20},
    Span{0xFF61, 0xFF65}, Span{0x060C, 0x060C}, Span{0x061B, 0x061F}, Span{0x06D4, 0x06D4},
    Span{0x0964, 0x0965}, Span{0xFFFD, 0xFFFD},
};

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
    std::size_t end = at + 1;
    while (end < text.size() && end < at + 4 && continues(text[end])) ++end;
    const auto first = static_cast<unsigned char>(text[at]);
    char32_t code = first;
    if (end - at == 2) code = first & 0x1FU;
    if (end - at == 3) code = first & 0x0FU;
    if (end - at == 4) code = first & 0x07U;
    for (std::size_t i = at + 1; i < end; ++i)
        code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
    return {.code = code, .begin = at, .end = end};
}

Character character_before(std::string_view text, std::size_t end) {
    std::size_t begin = end - 1;
    while (begin > 0 && end - begin < 4 && continues(text[begin])) --begin;
    return character_at(text.substr(0, end), begin);
}

bool is_blank(char32_t code) {
    return code == ' ' || (code >= '\t' && code <= '\r') || code == 0xA0 || code == 0x3000 ||
           (code >= 0x2000 && code <= 0x200B) || code == 0x2028 || code == 0x2029 || code == 0x202F;
}

bool is_letter(char32_t code) { return !in_any(punctuation, code); }
bool is_ideographic(char32_t code) { return in_any(ideographic, code); }
bool continues_cluster(char32_t code) { return in_any(extending, code); }

char32_t lower(char32_t code) {
    const bool near = (code >= 'A' && code <= 'Z') || (code >= 0xC0 && code <= 0xDE && code != 0xD7) ||
                      (code >= 0x391 && code <= 0x3A9) || (code >= 0x410 && code <= 0x42F);
    if (near) return code + 0x20;
    if (code >= 0x400 && code <= 0x40F) return code + 0x50;
    return code;
}

}  // namespace vignette
