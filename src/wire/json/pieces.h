// Splits an array or an object by its brackets, commas and quotes alone; what is between them need not be
// JSON. For text with a broken piece, of which the others must still be found. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace vignette {

class JsonPieces {
public:
    // `text` begins with { or [ and may continue after the closing bracket.
    explicit JsonPieces(std::string_view text) : text_(text) {}

    // The next element, or the next member as `"key": value`, without surrounding white space; an empty text
    // if there is nothing between two commas. nullopt after the last one, and if the text ends too early.
    std::optional<std::string_view> next();

    bool closed() const { return closed_; }  // the closing bracket was seen

private:
    std::string_view text_;
    std::size_t at_ = 1;
    bool closed_ = false;
    bool started_ = false;
};

// The end of the string whose opening quote is at `begin`: one past its closing quote, or npos.
std::size_t string_end(std::string_view text, std::size_t begin);

}  // namespace vignette
