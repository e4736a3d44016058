// No n tokens twice in the same order, as the reference's NoRepeatNGramLogitsProcessor. The prompt of a large
// picture has thousands of tokens: its n-grams are sorted once. What was said is short and differs for
// every beam: it is searched from front to back.
#pragma once

#include <span>
#include <vector>

#include "vignette/ids.h"

namespace vignette {

class NgramRule {
public:
    NgramRule(int n, std::span<const TokenId> prompt);

    // How much of the prompt's end must be in `tail`.
    std::size_t reach() const { return prefix_; }

    // Appends what must not follow `tail`: the end of the prompt, then everything that was said.
    void forbid_after(std::span<const TokenId> tail, std::vector<TokenId>& forbidden) const;

private:
    std::span<const TokenId> at(std::size_t start) const { return {prompt_.data() + start, prefix_}; }

    std::size_t prefix_;  // n - 1
    std::vector<TokenId> prompt_;
    std::vector<std::size_t> starts_;  // of the prompt's n-grams, each once, in the order of their tokens
};

}  // namespace vignette
