// Helpers for text, above all for quoting what a stranger wrote in our messages. Pure functions, for any
// thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace vignette {

// Printable, at most 64 bytes, no split characters: a key may be a megabyte of control characters.
// `text` must be valid UTF-8.
std::string shown(std::string_view text);

// The number of edits (insert, delete, replace, swap neighbours) that turn one word into the other. Each word
// may have at most 64 bytes.
std::size_t edit_distance(std::string_view one, std::string_view other);

// The candidate that was probably meant, or an empty text if none is close. Ignores case.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

inline constexpr std::string_view byte_order_mark =
    "\xEF\xBB\xBF";  // Windows editors put one at the start of a file

bool starts_with_scheme(std::string_view text, std::string_view scheme);  // "https://", in any case

}  // namespace vignette
