// Where a text may end: at a sentence, at a word, after a number of characters. Pure functions, for any
// thread. They take UTF-8; what they return of it has no blanks at its end.
#pragma once

#include <cstddef>
#include <string_view>

namespace vignette {

// One past the end of the first sentence that ends after `from`, its closing quotes included; npos if none
// does. A line is a sentence, too. A full stop that belongs to an abbreviation, a number or an initial ends
// none.
std::size_t sentence_end(std::string_view text, std::size_t from);

std::string_view first_sentence(std::string_view text);   // all of the text, if none ends in it
std::string_view whole_sentences(std::string_view text);  // empty, if none ends in it

// How much of an unfinished text is whole sentences, whatever comes next.
std::size_t certain_sentences(std::string_view text);

// Without the last word, which may be half of one; all of it where that is the only one.
std::string_view whole_words(std::string_view text);

// Without what promises more: "a dog, and" is "a dog".
std::string_view without_dangling(std::string_view text);

// At most that many code points, cut between words if there are any. No character is cut from its accents.
std::string_view within_characters(std::string_view text, std::size_t characters_max);

std::size_t count_characters(std::string_view text);

}  // namespace vignette
