// The most likely token, again and again. One thread at a time.
#pragma once

#include <span>
#include <vector>

#include "engine/rules.h"
#include "vignette/model.h"

namespace vignette {

class Greedy {
public:
    explicit Greedy(const DecodingRules& rules) : rules_(rules) {}

    int candidates() const { return 1; }

    // The rows of the next step; none when the sequence is complete.
    std::vector<NextRow> advance(std::span<const Candidate> best);

    Decoded best() const { return {tokens_, 0}; }
    int length() const { return static_cast<int>(tokens_.size()); }

private:
    DecodingRules rules_;
    std::vector<TokenId> tokens_;
};

}  // namespace vignette
