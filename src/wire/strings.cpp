#include "wire/strings.h"

#include <algorithm>
#include <array>

#include "core/ascii.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::size_t shown_bytes_max = 64;
constexpr std::size_t word_bytes_max = 64;

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

std::string_view cut(std::string_view text, std::size_t bytes_max) {
    std::size_t end = bytes_max;
    while (end > 0 && continues_character(text[end])) --end;
    return text.substr(0, end);
}

// C1 control characters are two bytes in UTF-8 and move the cursor of some terminals, just as C0 do.
bool is_second_of_c1(std::string_view text, std::size_t at) {
    return at > 0 && text[at - 1] == '\xC2' && static_cast<unsigned char>(text[at]) < 0xA0;
}

}  // namespace

std::string shown(std::string_view text) {
    constexpr std::string_view more = "...";
    const bool long_text = text.size() > shown_bytes_max;
    std::string out(long_text ? cut(text, shown_bytes_max - more.size()) : text);
    for (std::size_t at = 0; at < out.size(); ++at) {
        const auto byte = static_cast<unsigned char>(out[at]);
        if (byte < 0x20 || byte == 0x7F) out[at] = '?';
        if (is_second_of_c1(out, at)) out[at - 1] = out[at] = '?';
    }
    if (long_text) out += more;
    return out;
}

bool starts_with_scheme(std::string_view text, std::string_view scheme) {
    return ascii_lower(text.substr(0, scheme.size())) == scheme;
}

// Damerau-Levenshtein distance (a swapped pair is not edited again). Keeps three rows: a swap looks back two.
std::size_t edit_distance(std::string_view one, std::string_view other) {
    ASSERT(one.size() <= word_bytes_max && other.size() <= word_bytes_max);
    std::array<std::array<std::size_t, word_bytes_max + 1>, 3> rows{};
    for (std::size_t column = 0; column <= other.size(); ++column) rows[0][column] = column;
    for (std::size_t i = 1; i <= one.size(); ++i) {
        const auto& above = rows[(i - 1) % 3];
        auto& row = rows[i % 3];
        row[0] = i;
        for (std::size_t j = 1; j <= other.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
            row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
            const bool swapped = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
            if (swapped) row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[one.size() % 3][other.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    if (word.size() > word_bytes_max) return {};
    const std::string wanted = ascii_lower(word);
    std::string_view best;
    std::size_t best_distance = word_bytes_max;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(wanted, candidate);
        const bool near = distance * 3 <= std::max(wanted.size(), candidate.size());
        if (!near || distance >= best_distance) continue;
        best = candidate;
        best_distance = distance;
    }
    return best;
}

}  // namespace vignette
