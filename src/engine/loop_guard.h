// Notices that a sequence has begun to say the same again and again, as small models do until they are
// stopped. Pure.
//
// A loop is a block of 1 to 32 tokens that occurs at the end at least four times in a row, sixteen tokens at
// least: "a a a a" alone may be meant, sixteen of them are not. What repeats is cut, so that the block stays
// once, complete: "it is red . it is red . it is ..." becomes "it is red .".
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "vignette/ids.h"

namespace vignette {

// How many tokens stay of a sequence that ends in a loop; none: it does not.
std::optional<std::size_t> length_without_loop(std::span<const TokenId> said);

// How many tokens at the end repeat what comes before them. Only these could still be cut, if this becomes a
// loop, so they must not be streamed yet.
std::size_t repeating_tail(std::span<const TokenId> said);

}  // namespace vignette
