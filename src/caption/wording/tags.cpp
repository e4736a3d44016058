#include "caption/wording/tags.h"

#include <algorithm>
#include <array>

#include "caption/wording/characters.h"

namespace vignette {
namespace {

constexpr std::size_t words_max = 6;  // more is a sentence and no tag
constexpr std::array empty_words{
    "a",     "an",    "the",   "and",     "or",    "but",        "of",     "in",      "on",     "at",
    "to",    "by",    "for",   "from",    "with",  "into",       "onto",   "over",    "under",  "near",
    "next",  "up",    "down",  "out",     "off",   "is",         "are",    "was",     "were",   "be",
    "been",  "being", "has",   "have",    "it",    "its",        "this",   "that",    "these",  "those",
    "there", "their", "his",   "her",     "he",    "she",        "they",   "them",    "as",     "some",
    "very",  "each",  "other", "which",   "who",   "while",      "behind", "between", "beside", "above",
    "below", "front", "image", "picture", "photo", "photograph",
};

void append(std::string& out, char32_t code) {
    const auto put = [&out](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

std::string lower_case(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const Character one = character_at(text, at);
        const char32_t small = lower(one.code);
        if (small == one.code) {
            out += text.substr(one.begin, one.end - one.begin);
        } else {
            append(out, small);
        }
        at = one.end;
    }
    return out;
}

// From its first letter to its last: the marks and numbers of a list, quotes and full stops are not part of
// it.
std::string_view bare(std::string_view text) {
    while (!text.empty() && !is_letter(character_at(text, 0).code))
        text.remove_prefix(character_at(text, 0).end);
    while (!text.empty()) {
        const Character last = character_before(text, text.size());
        if (is_letter(last.code)) break;
        text = text.substr(0, last.begin);
    }
    return text;
}

std::string_view without_number(std::string_view text) {  // "2. dog", "2) dog"
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const bool numbered = digits > 0 && digits < text.size() && (text[digits] == '.' || text[digits] == ')');
    return numbered ? text.substr(digits + 1) : text;
}

std::size_t count_words(std::string_view text) {
    std::size_t words = 0;
    bool inside = false;
    for (std::size_t at = 0; at < text.size();) {
        const Character one = character_at(text, at);
        if (!is_blank(one.code) && !inside) ++words;
        inside = !is_blank(one.code);
        at = one.end;
    }
    return words;
}

void add_once(std::vector<std::string>& tags, std::string tag) {
    if (!tag.empty() && std::ranges::find(tags, tag) == tags.end()) tags.push_back(std::move(tag));
}

bool separates(char32_t code) {
    return code == ',' || code == ';' || code == '\n' || code == U'、' || code == U'，' || code == U'；' ||
           code == U'•' || code == '#' || code == '|';
}

bool separates_words(char32_t code) { return !is_letter(code) && code != '-' && code != '\''; }

template <class Separates>
std::vector<std::string_view> split(std::string_view text, Separates separates_here) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Character one = character_at(text, at);
        at = one.end;
        if (!separates_here(one.code)) continue;
        parts.push_back(text.substr(begin, one.begin - begin));
        begin = at;
    }
    parts.push_back(text.substr(begin));
    return parts;
}

std::string_view without_heading(std::string_view text) {  // "Tags: dog, cat"
    constexpr std::size_t heading_max = 40;
    const std::size_t colon = text.substr(0, heading_max).find(':');
    const bool heading = colon != std::string_view::npos && text.find_first_of(",;\n") > colon;
    return heading ? text.substr(colon + 1) : text;
}

}  // namespace

std::vector<std::string> listed_tags(std::string_view text, bool cut_short) {
    std::vector<std::string_view> parts = split(without_heading(text), separates);
    if (cut_short && parts.size() > 1) parts.pop_back();
    std::vector<std::string> tags;
    for (const std::string_view part : parts) {
        const std::string_view tag = bare(without_number(bare(part)));
        if (count_words(tag) <= words_max) add_once(tags, lower_case(tag));
    }
    return tags;
}

std::vector<std::string> word_tags(std::string_view text, bool cut_short) {
    std::vector<std::string_view> words = split(text, separates_words);
    if (cut_short && words.size() > 1) words.pop_back();
    std::vector<std::string> tags;
    for (const std::string_view word : words) {
        std::string tag = lower_case(bare(word));
        const bool says_nothing =
            tag.size() == 1 || std::ranges::any_of(empty_words, [&](const char* one) { return tag == one; });
        if (!says_nothing) add_once(tags, std::move(tag));
    }
    return tags;
}

std::string joined(const std::vector<std::string>& tags) {
    std::string text;
    for (const std::string& tag : tags) text += (text.empty() ? "" : ", ") + tag;
    return text;
}

}  // namespace vignette
