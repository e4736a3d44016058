// One token after the other, as the model chose them: the most likely, or drawn. One thread at a time.
#pragma once

#include <span>
#include <vector>

#include "engine/ending.h"
#include "engine/rules.h"
#include "vignette/model.h"

namespace vignette {

class SingleSequence {
public:
    explicit SingleSequence(const DecodingRules& rules, EndsHere ends_here = {});

    static constexpr int candidates() { return 1; }

    // The rows of the next step; none when the sequence is complete.
    const std::vector<NextRow>& advance(std::span<const Candidate> best);

    // The tokens that are part of the answer whatever comes.
    std::span<const TokenId> settled() const;

    std::vector<Decoded> decoded() const { return {said_}; }

private:
    EndRules ends_;
    bool keeps_logprobs_;
    Decoded said_;
    std::vector<NextRow> next_{{}};  // kept, so that a step allocates nothing
};

}  // namespace vignette
