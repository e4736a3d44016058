// Why a sequence is over. Pure, as long as EndsHere is.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/rules.h"

namespace vignette {

class EndRules {
public:
    EndRules(const DecodingRules& rules, EndsHere ends_here);

    // After the last token of `said` was chosen; none: it goes on. Of several reasons the first one in this
    // order: an end token, the text, a loop, the length.
    std::optional<Ending> after(std::span<const TokenId> said) const;

    bool guards_loops() const { return guards_loops_; }

private:
    std::vector<TokenId> end_;
    std::size_t max_length_;
    bool guards_loops_;
    EndsHere ends_here_;
};

// Of a sequence that ended in a loop, everything that was repeated.
void cut_loop(Decoded& decoded);

}  // namespace vignette
