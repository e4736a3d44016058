// Stop strings: the caption ends before the first of them. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rules.h"
#include "text/tokenizer.h"

namespace vignette {

// Where the first of them begins in `text`, or npos.
std::size_t find_stop(std::string_view text, std::span<const std::string> stops);

// How many bytes at the end of `text` may be the beginning of one.
std::size_t may_become_stop(std::string_view text, std::span<const std::string> stops);

// The text of `said` after that of `prefix`: neighbours decide how tokens are written.
Result<std::string> text_behind(
    const Tokenizer& tokenizer, std::span<const TokenId> prefix, std::span<const TokenId> said
);

// Empty where there are no stops. The tokenizer must outlive it.
EndsHere end_at_stop(const Tokenizer& tokenizer, std::vector<TokenId> prefix, std::vector<std::string> stops);

}  // namespace vignette
