// What a wrong command line probably meant: "Did you mean `caption`?"
#pragma once

#include <span>
#include <string>

namespace CLI {
class App;
}

namespace vignette {

// One line for a person, or an empty text if every word is known.
std::string usage_hint(const CLI::App& app, std::span<char* const> words);

}  // namespace vignette
