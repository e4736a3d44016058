#include "caption/wording/endings.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "caption/wording/characters.h"
#include "core/ascii.h"

namespace vignette {
namespace {

constexpr auto npos = std::string_view::npos;

// Ends a sentence whatever follows: in scripts that put no space after it, or use it for nothing else.
constexpr std::array full_stops{U'。', U'｡', U'！', U'？', U'।', U'॥', U'؟', U'۔', U'።', U'։'};
constexpr std::array closers{U'"', U'\'', U')',  U']',  U'}',  U'”', U'’',
                             U'»', U'」', U'』', U'）', U'】', U'》'};
constexpr std::array titles{
    // more always follows
    "mr", "mrs", "ms", "dr", "st",  "prof", "vs",   "e.g", "i.e", "approx", "ca",
    "cf", "fig", "mt", "ft", "rev", "gen",  "capt", "sgt", "lt",  "col",
};
constexpr std::array shortened{
    // may well come last
    "etc", "no",   "jr", "sr",  "inc", "ltd", "co",  "corp", "dept",
    "ave", "blvd", "rd", "a.m", "p.m", "u.s", "u.k", "al",
};
constexpr std::array dangling_words{
    "and",     "or",     "but", "with",  "without", "a",    "an",   "the",  "of",    "in",   "on",
    "at",      "to",     "by",  "for",   "from",    "into", "onto", "over", "under", "near", "behind",
    "between", "beside", "is",  "are",   "was",     "were", "has",  "have", "as",    "that", "which",
    "who",     "while",  "its", "their", "his",     "her",  "some", "this", "these", "next", "very",
};

template <class Range>
bool holds(const Range& range, char32_t code) {
    return std::ranges::find(range, code) != range.end();
}

bool holds(std::span<const char* const> words, std::string_view word) {
    return std::ranges::any_of(words, [word](const char* one) { return word == one; });
}

bool ends_latin(char32_t code) { return code == '.' || code == '!' || code == '?' || code == U'…'; }
bool is_capital(char32_t code) { return lower(code) != code; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty()) {
        const Character last = character_before(text, text.size());
        if (!is_blank(last.code)) break;
        text = text.substr(0, last.begin);
    }
    return text;
}

// The word before `end`: of "(e.g" it is "e.g".
std::string_view word_before(std::string_view text, std::size_t end) {
    std::size_t begin = end;
    while (begin > 0) {
        const Character one = character_before(text, begin);
        if (is_blank(one.code) || (one.code != '.' && !is_letter(one.code))) break;
        begin = one.begin;
    }
    return text.substr(begin, end - begin);
}

bool has_capitals(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const Character one = character_at(text, at);
        if (is_capital(one.code)) return true;
        at = one.end;
    }
    return false;
}

bool is_number(std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789") == npos;
}

// What follows a stop and its quotes: does a sentence begin there?
enum class Next { nothing, capital, small, other };

Next next_after(std::string_view text, std::size_t at) {
    for (; at < text.size(); at = character_at(text, at).end) {
        const char32_t code = character_at(text, at).code;
        if (is_blank(code) || holds(closers, code) || code == '(' || code == U'“' || code == U'«') continue;
        if (is_capital(code)) return Next::capital;
        return code >= 'a' && code <= 'z' ? Next::small : Next::other;
    }
    return Next::nothing;
}

// Whether the full stop at `stop` belongs to its word and not to its sentence, which begins at `from`.
bool belongs_to_word(std::string_view text, std::size_t from, std::size_t stop, Next next) {
    const std::string_view word = word_before(text, stop);
    if (word.empty()) return false;
    const std::string lowered = ascii_lower(word);
    if (holds(titles, lowered)) return true;
    if (holds(shortened, lowered)) return next == Next::small || next == Next::other;
    const bool initial = word.size() == 1 && is_capital(static_cast<unsigned char>(word.front()));
    if (initial) return next == Next::capital;
    const bool begins = trimmed(text.substr(from, stop - word.size() - from)).empty();
    return is_number(word) && begins;  // the number of an item in a list
}

std::size_t skip_closers(std::string_view text, std::size_t at) {
    while (at < text.size()) {
        const Character one = character_at(text, at);
        if (!holds(closers, one.code) && !holds(full_stops, one.code) && !ends_latin(one.code)) break;
        at = one.end;
    }
    return at;
}

// One past the sentence that may end with the character `one`, or npos.
// Looks no further than the next word's first character, so that an end stays an end when more is said.
std::size_t end_at(std::string_view text, std::size_t from, const Character& one) {
    if (holds(full_stops, one.code)) return skip_closers(text, one.end);
    if (!ends_latin(one.code)) return npos;
    const std::size_t end = skip_closers(text, one.end);
    if (end < text.size() && !is_blank(character_at(text, end).code)) return npos;
    const Next next = next_after(text, end);
    if (one.code == '.' || one.code == U'…') {
        if (next == Next::small && has_capitals(text.substr(0, one.begin))) return npos;
        if (one.code == '.' && belongs_to_word(text, from, one.begin, next)) return npos;
    }
    return end;
}

bool is_between_words(const Character& left, const Character& right) {
    if (continues_cluster(right.code) || left.code == 0x200D) return false;
    return is_blank(left.code) || is_blank(right.code) || is_ideographic(left.code) ||
           is_ideographic(right.code);
}

// The last place before `end` where a word may end; npos if there is none.
std::size_t last_border(std::string_view text, std::size_t end) {
    for (std::size_t at = end; at > 0;) {
        const Character left = character_before(text, at);
        if (at < text.size() && is_between_words(left, character_at(text, at))) return at;
        at = left.begin;
    }
    return npos;
}

}  // namespace

std::size_t sentence_end(std::string_view text, std::size_t from) {
    bool begun = false;
    for (std::size_t at = from; at < text.size();) {
        const Character one = character_at(text, at);
        if (one.code == '\n' && begun) return one.begin;
        begun = begun || !is_blank(one.code);
        const std::size_t end = end_at(text, from, one);
        if (end != npos) return end;
        at = one.end;
    }
    return npos;
}

std::string_view first_sentence(std::string_view text) {
    return trimmed(text.substr(0, sentence_end(text, 0)));
}

std::string_view whole_sentences(std::string_view text) {
    std::size_t end = 0;
    for (std::size_t next = sentence_end(text, 0); next != npos; next = sentence_end(text, next)) end = next;
    return trimmed(text.substr(0, end));
}

std::size_t certain_sentences(std::string_view text) {
    std::size_t certain = 0;
    for (std::size_t end = sentence_end(text, 0); end != npos; end = sentence_end(text, end)) {
        if (trimmed(text.substr(end)).empty()) break;
        certain = end;
    }
    return certain;
}

std::string_view whole_words(std::string_view text) {
    if (text.empty()) return text;
    const Character last = character_before(text, text.size());
    if (!is_letter(last.code) || is_ideographic(last.code)) return trimmed(text);
    const std::size_t border = last_border(text, last.begin);
    const std::string_view words = border == npos ? std::string_view() : trimmed(text.substr(0, border));
    return words.empty() ? trimmed(text) : words;
}

std::string_view without_dangling(std::string_view text) {
    for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
        const Character last = character_before(text, text.size());
        if (std::u32string_view(U",;:-–—/(&“«、，；：").find(last.code) != npos) {
            text = text.substr(0, last.begin);
            continue;
        }
        const std::string_view word = word_before(text, text.size());
        const bool first = word.size() == text.size();
        if (first || !holds(dangling_words, ascii_lower(word))) break;
        text = text.substr(0, text.size() - word.size());
    }
    return text;
}

std::size_t count_characters(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); at = character_at(text, at).end) ++count;
    return count;
}

std::string_view within_characters(std::string_view text, std::size_t characters_max) {
    text = trimmed(text);
    std::size_t end = 0;
    for (std::size_t count = 0; count < characters_max && end < text.size(); ++count)
        end = character_at(text, end).end;
    if (end == text.size()) return text;
    const std::size_t border = last_border(text, end);
    if (border != npos) return trimmed(text.substr(0, border));
    while (end > 0 && continues_cluster(character_at(text, end).code))
        end = character_before(text, end).begin;
    return text.substr(0, end);
}

}  // namespace vignette
