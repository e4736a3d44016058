#include "engine/forbidden_words.h"

#include <algorithm>

namespace vignette {
namespace {

TokenId last_but_one(const std::vector<TokenId>& word) { return word[word.size() - 2]; }

}  // namespace

ForbiddenWords::ForbiddenWords(const DecodingRules& rules, int vocabulary) {
    const auto known = [&](TokenId token) { return token < TokenId{vocabulary}; };
    for (const std::vector<TokenId>& word : rules.forbidden) {
        if (word.empty() || !std::ranges::all_of(word, known)) continue;
        if (word.size() > 1) {
            words_.push_back(word);
            reach_ = std::max(reach_, word.size() - 1);
        } else if (std::ranges::find(rules.end, word.front()) == rules.end.end()) {
            always_.push_back(word.front());
        }
    }
    std::ranges::sort(words_, {}, last_but_one);
}

void ForbiddenWords::forbid_after(
    std::span<const TokenId> tail, std::size_t length, std::vector<TokenId>& forbidden
) const {
    if (tail.empty()) return;
    for (const std::vector<TokenId>& word : std::ranges::equal_range(words_, tail.back(), {}, last_but_one)) {
        const std::span<const TokenId> before = std::span(word).first(word.size() - 1);
        // The reference compares with the whole word's length, although one token less would be enough.
        if (word.size() > length) continue;
        if (std::ranges::equal(tail.last(before.size()), before)) forbidden.push_back(word.back());
    }
}

}  // namespace vignette
