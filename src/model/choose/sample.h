// Drawing a token: which ones remain, as transformers' warpers decide it, and which of those it is. Pure
// function, for any thread.
#pragma once

#include <optional>
#include <vector>

#include "vignette/ids.h"
#include "vignette/model.h"

namespace vignette {

struct Scored {
    float score = 0;  // a finite logit
    TokenId token{};
};

// `scored` is not empty; leave out tokens that cannot be chosen. All that equal the last of the k most likely
// stay. Of equals at the edge of top_p the first tokens do, where the reference leaves it to its sort.
TokenId draw_token(std::vector<Scored> scored, const Sampling& sampling);

// The same token without top_k, from the most likely of many. `mass` is the sum over all of
// exp(score / temperature), divided by that of the most likely. Nothing where one that is not in `head`, or
// the last bits of a sum, could decide.
std::optional<TokenId> draw_from_head(std::vector<Scored> head, double mass, const Sampling& sampling);

}  // namespace vignette
