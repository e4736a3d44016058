// Walking over UTF-8, and what kind a character is. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace vignette {

struct Character {
    char32_t code = 0;
    std::size_t begin = 0;  // in bytes
    std::size_t end = 0;
};

// The character that begins at `at` (< text.size()); a byte that does not begin one counts as one.
Character character_at(std::string_view text, std::size_t at);

// The one that ends at `end` (> 0).
Character character_before(std::string_view text, std::size_t end);

bool is_blank(char32_t code);
bool is_letter(char32_t code);  // or a digit, or an emoji: all but blanks, punctuation and mathematical signs
bool is_ideographic(char32_t code);     // Chinese, Japanese: words without blanks between them
bool continues_cluster(char32_t code);  // an accent, a joiner, a skin colour
char32_t lower(char32_t code);          // a capital that becomes two letters stays as it is

}  // namespace vignette
