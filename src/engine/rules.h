// How one sequence is generated: the rules, and the shape every decoding strategy has.
#pragma once

#include <vector>

#include "vignette/ids.h"

namespace vignette {

struct DecodingRules {
    int max_length = 40;  // new tokens
    int min_length = 0;   // no end token before that many
    int num_beams = 1;
    double length_penalty = 1.0;
    bool early_stopping = false;
    std::vector<TokenId> end{};
};

// A row of the next step: it continues row `parent` of the last one with `token`.
struct NextRow {
    int parent = 0;
    TokenId token{};
    float score = 0;
    bool operator==(const NextRow&) const = default;
};

struct Decoded {
    std::vector<TokenId> tokens;  // the end token included, if one was reached
    float score = 0;
};

}  // namespace vignette
