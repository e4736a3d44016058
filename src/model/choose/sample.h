// Drawing a token: which ones remain, as transformers' warpers decide it, and which of those it is. Pure
// function, for any thread.
#pragma once

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

}  // namespace vignette
