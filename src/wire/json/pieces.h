// Takes an array or an object apart by its brackets, commas and quotes alone: what lies between them may be
// no JSON at all. For text of which one piece may be broken and the others must still be found. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace vignette {

class JsonPieces {
public:
    // `text` begins with { or [ and may go on after the end.
    explicit JsonPieces(std::string_view text) : text_(text) {}

    // The next element, or the next member as `"key": value`, without white space around it; empty where a
    // comma stands alone. Nothing after the last one, and where the text ends too early.
    std::optional<std::string_view> next();

    bool closed() const { return closed_; }  // the last bracket was seen

private:
    std::string_view text_;
    std::size_t at_ = 1;
    bool closed_ = false;
    bool started_ = false;
};

// Where the string that begins at `begin`, a quote, ends: one past its last quote, or npos.
std::size_t string_end(std::string_view text, std::size_t begin);

}  // namespace vignette
