// What a stranger wrote, made fit for our messages. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace vignette {

// Printable, at most 64 bytes, whole characters: a key may be a megabyte of control characters.
// `text` must be valid UTF-8.
std::string shown(std::string_view text);

// Edits that turn one word into the other: insert, delete, replace, swap neighbours. Both at most 64 bytes.
std::size_t edit_distance(std::string_view one, std::string_view other);

// The candidate that was probably meant, or nothing when none is near. Case is ignored.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

inline constexpr std::string_view white_space = " \t\r\n";
inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // Windows editors begin a file with one
std::string_view trim(std::string_view text);                        // without white space at either end

bool starts_with_scheme(std::string_view text, std::string_view scheme);  // "https://", in any case

std::string lower_case(std::string_view text);  // ASCII letters only

}  // namespace vignette
