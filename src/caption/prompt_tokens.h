// The prompt as the model reads it: the client's words in the bundle's template, and placeholders for what
// the vision side sees. Functions without a state, for any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"
#include "vignette/bundle.h"
#include "vignette/error.h"
#include "vignette/limits.h"

namespace vignette {

// What stands in a prompt for what the model sees.
struct SeenText {
    std::string
        text;  // with as many tokens as there are things to see, where the recipe wants them in the text
    TokenId token{};
    std::size_t count = 0;
};

SeenText text_of_pictures(const TextRecipe& recipe, std::size_t pictures);

// `seconds`: when each group of frames is shown.
SeenText text_of_film(const FilmRecipe& recipe, std::span<const double> seconds);

Result<std::vector<TokenId>> encode_prompt(
    const Tokenizer& tokenizer, const TextRecipe& recipe, std::string_view prompt, const SeenText& seen,
    const Limits& limits
);

// The text that the caption must begin with, after `words`. A missing space between the two is added.
Result<std::vector<TokenId>> encode_prefix(
    const Tokenizer& tokenizer, const TextRecipe& recipe, std::span<const TokenId> words,
    std::string_view prefix
);

struct Prompt {
    std::vector<TokenId> tokens;
    std::size_t history_from = 0;  // from here on it counts as said
};

// `seen` is the token that encode_prompt() put for each thing to see; it is repeated as often as `counts`
// says of each.
Prompt assemble_prompt(
    const TextRecipe& recipe, std::span<const TokenId> words, TokenId seen, std::span<const int> counts,
    std::span<const TokenId> prefix
);

// The token sequences of words that are never to be said: each as it is written at the beginning of a text
// and after a space.
Result<std::vector<std::vector<TokenId>>> encode_forbidden(
    const Tokenizer& tokenizer, std::span<const std::string> words, std::span<const TokenId> end
);

}  // namespace vignette
