// Whether the model still computes anything, judged by the answers to jobs. Any thread.
#pragma once

#include <atomic>

#include "vignette/answer.h"

namespace vignette {

// One job may be too much for a model. If three in a row yield nothing, the model itself is broken: a worker
// that lives on would only fail jobs, and bill for it. A lost GPU is lost at once.
class ModelHealth {
public:
    // True for the one answer that shows it: the process should end, and be replaced.
    bool is_end(const Answer& answer);
    bool is_dead() const { return dead_; }

private:
    bool shows_death(const Answer& answer);

    std::atomic<int> failures_in_a_row_ = 0;
    std::atomic<bool> dead_ = false;
};

}  // namespace vignette
