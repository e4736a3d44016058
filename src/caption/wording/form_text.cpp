#include "caption/wording/form_text.h"

#include <algorithm>
#include <array>

#include "caption/wording/endings.h"
#include "caption/wording/tags.h"
#include "core/ascii.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::string_view blank = " \t\r\n";
constexpr std::array beginnings{"this is an ", "this is a ", "this ", "the ", "an ", "a ", ""};
constexpr std::array nouns{"photograph", "photo", "picture", "image"};
constexpr std::array links{" of ",       " showing ",  " shows ",    " depicting ", " depicts ",
                           " features ", " captures ", " displays ", " that shows "};

bool begins_with(std::string_view text, std::string_view words) {
    return text.size() >= words.size() &&
           std::ranges::equal(text.substr(0, words.size()), words, {}, [](char c) { return ascii_lower(c); });
}

// Bytes of "The image shows " and its like.
std::size_t opening_size(std::string_view text) {
    for (const std::string_view beginning : beginnings) {
        if (!begins_with(text, beginning)) continue;
        for (const std::string_view noun : nouns) {
            const std::string_view rest = text.substr(beginning.size());
            if (!begins_with(rest, noun)) continue;
            for (const std::string_view link : links) {
                if (begins_with(rest.substr(noun.size()), link))
                    return beginning.size() + noun.size() + link.size();
            }
        }
    }
    return 0;
}

// Anyone who hears an alternative text knows that there is a picture.
std::string without_opening(std::string_view text) {
    const std::size_t size = opening_size(text);
    std::string rest(strip(text.substr(size)));
    if (rest.empty()) return std::string(text);
    const bool capital = is_ascii_upper(text.front());
    if (size > 0 && capital && rest.front() >= 'a' && rest.front() <= 'z')
        rest.front() = static_cast<char>(rest.front() - ('a' - 'A'));
    return rest;
}

std::string_view cut_to_words(std::string_view text, bool cut_short) {
    return cut_short ? without_dangling(whole_words(text)) : text;
}

std::string alt_text(std::string_view text, bool own_beginning, bool cut_short) {
    const std::string whole = own_beginning ? std::string(text) : without_opening(text);
    const bool ended = !cut_short || !whole_sentences(whole).empty();
    const std::string_view sentence = cut_to_words(first_sentence(whole), !ended);
    if (count_characters(sentence) <= alt_text_characters_max) return std::string(sentence);
    return std::string(without_dangling(within_characters(sentence, alt_text_characters_max)));
}

std::string one_sentence(std::string_view text, bool cut_short) {
    const bool ended = !cut_short || !whole_sentences(text).empty();
    return std::string(cut_to_words(first_sentence(text), !ended));
}

std::string sentences(std::string_view text, bool cut_short) {
    const std::string_view whole = cut_short ? whole_sentences(text) : text;
    return std::string(whole.empty() ? cut_to_words(text, true) : whole);
}

FormedText tagged(std::vector<std::string> tags) {
    std::string text = joined(tags);
    return {.text = std::move(text), .tags = std::move(tags)};
}

}  // namespace

std::string_view strip(std::string_view text) {
    text = text.substr(0, text.find_last_not_of(blank) + 1);  // npos + 1 is 0
    return text.empty() ? text : text.substr(text.find_first_not_of(blank));
}

std::string_view stripped(std::string_view prefix, std::string_view text) {
    if (prefix.empty()) return strip(text);
    const std::size_t end = text.find_last_not_of(blank) + 1;
    return text.substr(0, std::max(end, prefix.size()));
}

FormedText finished(std::string_view prefix, std::string_view said, Wording wording, bool cut_short) {
    const std::string whole = std::string(prefix) + std::string(said);
    const std::string_view text = stripped(prefix, whole);
    FormedText made;
    switch (wording) {
        case Wording::as_said:
        case Wording::boxes: made.text = text; break;
        case Wording::alt_text: made.text = alt_text(text, !prefix.empty(), cut_short); break;
        case Wording::one_sentence: made.text = one_sentence(text, cut_short); break;
        case Wording::sentences: made.text = sentences(text, cut_short); break;
        case Wording::tag_list: {
            std::vector<std::string> tags = listed_tags(text, cut_short);
            return tagged(
                tags.empty() ? word_tags(text, cut_short) : std::move(tags)
            );  // it wrote a sentence
        }
        case Wording::tag_words: return tagged(word_tags(text, cut_short));
    }
    if (!made.text.starts_with(prefix))
        made.text = cut_to_words(text, true);  // its last sentence ended in there
    if (!made.text.starts_with(prefix)) made.text = prefix;
    return made;
}

std::size_t certain_bytes(std::string_view text, Wording wording) {
    switch (wording) {
        case Wording::as_said: return text.size();
        case Wording::sentences: return certain_sentences(text);
        case Wording::alt_text:
        case Wording::one_sentence:
        case Wording::tag_list:
        case Wording::tag_words:
        case Wording::boxes: return 0;
    }
    panic("Wording out of range");
}

}  // namespace vignette
