// From what a model said to what the client gets: the last step of a caption. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vignette {

inline constexpr std::size_t alt_text_characters_max = 125;

enum class Wording {
    as_said,
    alt_text,  // one sentence, short, without "a picture of"
    one_sentence,
    sentences,  // whole ones only
    tag_list,   // the model was asked for a list
    tag_words,  // the words of a caption
    boxes,      // JSON, whose numbers are still to be scaled to the picture: find_boxes()
};

struct FormedText {
    std::string text;
    std::optional<std::vector<std::string>> tags;
};

// A caption begins and ends with something one can see. Points into `text`.
std::string_view strip(std::string_view text);

// The same for a text that begins with `prefix`, which stays as it is.
std::string_view stripped(std::string_view prefix, std::string_view text);

// `prefix` is how the client wants it to begin: that stays, to the byte. `cut_short`: the model was not done.
FormedText finished(std::string_view prefix, std::string_view said, Wording wording, bool cut_short);

// How many bytes of `text`, prefix included, are certain to be in the caption, whatever is said next.
std::size_t certain_bytes(std::string_view text, Wording wording);

}  // namespace vignette
