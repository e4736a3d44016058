// Things to be done later, on one thread: what is due must be short. Any thread may ask for one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "core/mutex.h"

namespace vignette {

class Deadlines {
public:
    using Clock = std::chrono::steady_clock;

    Deadlines() : thread_([this](const std::stop_token& stop) { run(stop); }) {}
    ~Deadlines() { stop(); }
    Deadlines(const Deadlines&) = delete;
    Deadlines& operator=(const Deadlines&) = delete;

    class Ticket {
        friend class Deadlines;
        std::pair<Clock::time_point, std::uint64_t> key_{};
    };

    Ticket at(Clock::time_point time, std::function<void()> due);
    Ticket after(Clock::duration time, std::function<void()> due) {
        return at(Clock::now() + time, std::move(due));
    }

    // From now on nothing is due: what still waits is dropped.
    void stop();

    // Forgets it, unless it has begun. Never waits.
    void forget(const Ticket& ticket);

private:
    using Waiting = std::map<std::pair<Clock::time_point, std::uint64_t>, std::function<void()>>;

    void run(const std::stop_token& stop);

    Mutex mutex_;
    std::condition_variable_any changed_;
    std::uint64_t next_ GUARDED_BY(mutex_) = 0;
    Waiting waiting_ GUARDED_BY(mutex_);
    std::jthread thread_;  // last member
};

}  // namespace vignette
