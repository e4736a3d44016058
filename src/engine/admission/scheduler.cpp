#include "engine/admission/scheduler.h"

#include <algorithm>
#include <limits>

namespace vignette {

std::vector<int> plan_reading(std::span<const Unread> newcomers, const ReadingRules& rules) {
    std::vector<int> planned(newcomers.size(), 0);
    int left = rules.tokens_max > 0 ? rules.tokens_max : std::numeric_limits<int>::max();
    for (std::size_t i = 0; i < newcomers.size(); ++i) {
        const Unread& next = newcomers[i];
        const int cost = next.same ? 0 : next.tokens;
        if (cost <= left || (i == 0 && !rules.in_parts)) {
            planned[i] = next.tokens;
            left -= std::min(cost, left);
        } else {
            if (rules.in_parts) planned[i] = left;
            break;
        }
    }
    return planned;
}

}  // namespace vignette
