// So many requests a minute; who has asked for none may send a minute's at once. Any thread, without a lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>

namespace vignette {

class Rate {
public:
    using Clock = std::chrono::steady_clock;

    explicit Rate(int per_minute) : gap_(minute / per_minute) {}

    // Nothing: go on. Otherwise, how long to wait before the next try.
    std::optional<std::chrono::seconds> take(Clock::time_point now = Clock::now()) {
        Clock::duration full = full_at_;
        while (true) {
            const Clock::duration then = std::max(full, now.time_since_epoch()) + gap_;
            const Clock::duration over = then - now.time_since_epoch() - minute;
            if (over > Clock::duration::zero()) return std::chrono::ceil<std::chrono::seconds>(over);
            if (full_at_.compare_exchange_weak(full, then)) return std::nullopt;
        }
    }

private:
    static constexpr Clock::duration minute = std::chrono::minutes(1);

    const Clock::duration gap_;  // in which one more is allowed
    // When a minute's requests are allowed again, on the clock: the whole state of a bucket of tokens.
    std::atomic<Clock::duration> full_at_ = Clock::duration::zero();
};

}  // namespace vignette
