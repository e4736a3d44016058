// SIGTERM and SIGINT as a stop token. Create it before any other thread, because threads inherit the mask
// that blocks these signals. A second signal ends the process at once.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>

namespace vignette {

class StopSignals {
public:
    // `life_after`: from the first signal on; whatever hangs then, the process ends with 1. Nothing: it may
    // take as long as it takes.
    using Clock = std::chrono::steady_clock;
    explicit StopSignals(std::optional<Clock::duration> life_after = {});
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    std::stop_token token() const { return stop_.get_token(); }
    void request_stop() { stop_.request_stop(); }  // for reasons of our own

    // When the first signal came.
    std::optional<Clock::time_point> signalled_at() const;

private:
    void listen(const std::stop_token& ending);

    const std::optional<Clock::duration> life_after_;
    std::atomic<Clock::time_point> signalled_at_{};  // the epoch: not yet
    std::stop_source stop_;
    std::jthread thread_;  // last member
};

}  // namespace vignette
