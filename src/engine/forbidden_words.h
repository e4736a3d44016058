// Token sequences that are never said, as the reference's NoBadWordsLogitsProcessor: of each, the last token
// is forbidden where the others have just been said, or stood at the end of the prompt.
#pragma once

#include <span>
#include <vector>

#include "engine/rules.h"

namespace vignette {

class ForbiddenWords {
public:
    // Words with tokens that the model does not know cannot be said, and are left out.
    ForbiddenWords(const DecodingRules& rules, int vocabulary);

    // The words of one token. An end token alone does not count: the reference lets it pass, or
    // nothing would ever end.
    const std::vector<TokenId>& always() const { return always_; }
    bool only_always() const { return words_.empty(); }

    // How much of the prompt's end must be in the tail of forbid_after().
    std::size_t reach() const { return reach_; }

    // Appends what must not follow `tail`, the end of a history of `length` tokens.
    void forbid_after(std::span<const TokenId> tail, std::size_t length, std::vector<TokenId>& forbidden)
        const;

private:
    std::vector<TokenId> always_;
    std::vector<std::vector<TokenId>> words_;  // of two tokens and more, sorted by their last but one
    std::size_t reach_ = 0;
};

}  // namespace vignette
