#include "wire/json/pieces.h"

#include "core/ascii.h"

namespace vignette {
namespace {

constexpr auto npos = std::string_view::npos;

bool opens(char letter) { return letter == '{' || letter == '['; }
bool closes(char letter) { return letter == '}' || letter == ']'; }

// The comma or the closing bracket that ends the piece at `begin`, or npos.
std::size_t piece_end(std::string_view text, std::size_t begin) {
    std::size_t depth = 0;
    for (std::size_t at = begin; at < text.size();) {
        const char letter = text[at];
        if (letter == '"') {
            at = string_end(text, at);
            continue;
        }
        if (depth == 0 && (letter == ',' || closes(letter))) return at;
        if (opens(letter)) ++depth;
        if (closes(letter)) --depth;
        ++at;
    }
    return npos;
}

bool is_escaped(std::string_view text, std::size_t begin, std::size_t at) {
    std::size_t first = at;
    while (first > begin && text[first - 1] == '\\') --first;
    return (at - first) % 2 == 1;
}

}  // namespace

std::size_t string_end(std::string_view text, std::size_t begin) {
    std::size_t quote = text.find('"', begin + 1);
    while (quote != npos && is_escaped(text, begin + 1, quote)) quote = text.find('"', quote + 1);
    return quote == npos ? npos : quote + 1;
}

std::optional<std::string_view> JsonPieces::next() {
    if (closed_) return std::nullopt;
    const std::size_t end = piece_end(text_, at_);
    if (end == npos) return std::nullopt;
    const std::string_view piece = trim(text_.substr(at_, end - at_));
    closed_ = text_[end] != ',';
    const bool none = closed_ && piece.empty() && !started_;  // [] has no pieces, [,] has two empty ones
    started_ = true;
    at_ = end + 1;
    if (none) return std::nullopt;
    return piece;
}

}  // namespace vignette
