#include "jobs/model_health.h"

#include <algorithm>

namespace vignette {

bool ModelHealth::is_end(const Answer& answer) { return shows_death(answer) && !dead_.exchange(true); }

bool ModelHealth::shows_death(const Answer& answer) {
    constexpr int failures_max = 3;
    if (answer.any_failed_with(ErrorCode::device_lost)) return true;
    const bool something_came =
        std::ranges::any_of(answer.items, [](const AnsweredItem& item) { return item.outcome.has_value(); });
    if (something_came) failures_in_a_row_ = 0;
    const bool failed = !something_came && answer.any_failed_with(ErrorCode::model_failed);
    return failed && ++failures_in_a_row_ >= failures_max;
}

}  // namespace vignette
