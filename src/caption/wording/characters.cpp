#include "caption/wording/characters.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

namespace vignette {
namespace {

struct Span {
    char32_t first;
    char32_t last;
};

constexpr char32_t zero_width_space = 0x200B;
constexpr char32_t replacement = 0xFFFD;

// utf8proc knows no scripts.
constexpr std::array ideographic{
    Span{0x2E80, 0x30FF}, Span{0x31F0, 0x31FF}, Span{0x3400, 0x4DBF},   Span{0x4E00, 0x9FFF},
    Span{0xF900, 0xFAFF}, Span{0xFF00, 0xFFEF}, Span{0x0E00, 0x0EFF},  // Thai and Lao write no blanks either
    Span{0x1000, 0x109F}, Span{0x1780, 0x17FF}, Span{0x20000, 0x3FFFF},
};
// Values that are no characters have the properties of an unassigned one.
const utf8proc_property_t& properties(char32_t code) {
    return *utf8proc_get_property(static_cast<utf8proc_int32_t>(code));
}

utf8proc_category_t category(char32_t code) {
    return static_cast<utf8proc_category_t>(properties(code).category);
}

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
    const utf8proc_category_t kind = category(code);
    return kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL || kind == UTF8PROC_CATEGORY_ZP ||
           (code >= '\t' && code <= '\r') || code == zero_width_space;
}

bool is_letter(char32_t code) {
    if (continues_cluster(code)) return true;
    const utf8proc_category_t kind = category(code);
    if (kind == UTF8PROC_CATEGORY_SO) return code > 0xFF && code != replacement;  // emoji, but not © and °
    // Between these two lie punctuation, mathematical and currency signs, separators and controls.
    return kind < UTF8PROC_CATEGORY_PC || kind > UTF8PROC_CATEGORY_CF;
}

bool is_ideographic(char32_t code) {
    return std::ranges::any_of(ideographic, [code](const Span& span) {
        return span.first <= code && code <= span.last;
    });
}

bool continues_cluster(char32_t code) {
    const unsigned kind = properties(code).boundclass;
    return kind == UTF8PROC_BOUNDCLASS_EXTEND || kind == UTF8PROC_BOUNDCLASS_SPACINGMARK ||
           kind == UTF8PROC_BOUNDCLASS_ZWJ;
}

char32_t lower(char32_t code) {
    return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code)));
}

}  // namespace vignette
