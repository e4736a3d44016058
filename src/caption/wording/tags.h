// Tags out of a text. Pure functions, for any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vignette {

// Of a model that was asked for a list: lower case, each once, in its order. `cut_short`: the last may be
// half of one.
std::vector<std::string> listed_tags(std::string_view text, bool cut_short);

// Of a caption: its words, without those that mean nothing alone.
std::vector<std::string> word_tags(std::string_view text, bool cut_short);

std::string joined(const std::vector<std::string>& tags);  // "dog, beach, two dogs"

}  // namespace vignette
