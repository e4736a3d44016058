#include "engine/greedy.h"

#include <algorithm>

#include "vignette/invariant.h"

namespace vignette {

std::vector<NextRow> Greedy::advance(std::span<const Candidate> best) {
    ASSERT(best.size() == 1);
    const TokenId token = best.front().token;
    tokens_.push_back(token);
    const bool ended = std::ranges::find(rules_.end, token) != rules_.end.end();
    if (ended || length() >= rules_.max_length) return {};
    return {{.parent = 0, .token = token, .score = 0}};
}

}  // namespace vignette
