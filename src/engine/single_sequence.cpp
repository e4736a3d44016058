#include "engine/single_sequence.h"

#include <utility>

#include "engine/loop_guard.h"
#include "vignette/invariant.h"

namespace vignette {

SingleSequence::SingleSequence(const DecodingRules& rules, EndsHere ends_here)
    : ends_(rules, std::move(ends_here)), keeps_logprobs_(rules.logprobs) {}

const std::vector<NextRow>& SingleSequence::advance(std::span<const Candidate> best) {
    ASSERT(best.size() == 1);
    ASSERT(!next_.empty());
    const Candidate& chosen = best.front();
    said_.tokens.push_back(chosen.token);
    if (keeps_logprobs_) said_.logprobs.push_back(chosen.logprob);
    if (const std::optional<Ending> ending = ends_.after(said_.tokens)) {
        said_.ending = *ending;
        cut_loop(said_);
        next_.clear();
    } else {
        next_.front() = {.parent = 0, .token = chosen.token, .score = 0};
    }
    return next_;
}

std::span<const TokenId> SingleSequence::settled() const {
    const std::span<const TokenId> said(said_.tokens);
    if (next_.empty() || !ends_.guards_loops()) return said;
    return said.first(said.size() - repeating_tail(said));
}

}  // namespace vignette
