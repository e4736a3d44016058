// How long to wait before Redis is asked again. A value.
#pragma once

#include <algorithm>
#include <chrono>

#include "core/jitter.h"

namespace vignette {

class Backoff {
public:
    bool is_first() const { return tries_ == 0; }
    void reset() { tries_ = 0; }

    // From 50 to 100 ms, doubled each time, up to 5 s.
    std::chrono::milliseconds next() {
        constexpr int doublings_max = 6;
        const double longest = 100.0 * static_cast<double>(1 << std::min(tries_++, doublings_max));
        constexpr double most = 5'000;
        return std::chrono::milliseconds(
            static_cast<std::int64_t>(std::min(longest, most) * (0.5 + jitter() / 2))
        );
    }

private:
    int tries_ = 0;
};

}  // namespace vignette
