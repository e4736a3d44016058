// Limits concurrent fetches: in total, per host and per job. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <stop_token>
#include <string>

#include "core/mutex.h"
#include "vignette/error.h"

namespace vignette {

struct SlotLimits {
    int fetches_max = 64;
    int of_a_job_max = 8;
    int of_a_host_max = 16;  // more than one job may have, so that a slow host's does not keep out the next
};

class FetchSlots {
public:
    using Clock = std::chrono::steady_clock;

    // The right to fetch; destroying it gives it back.
    class Slot {
    public:
        Slot(FetchSlots& slots, std::string job, std::string host);
        ~Slot();
        Slot(Slot&& other) noexcept;
        Slot& operator=(Slot&&) = delete;

    private:
        FetchSlots* slots_;
        std::string job_;
        std::string host_;
    };

    explicit FetchSlots(const SlotLimits& limits) : limits_(limits) {}

    // In order of arrival; a fetch that waits for a busy host or for its own job does not hold up the others.
    // An empty `job` is not counted as one. `too_slow` at the deadline, `cancelled` when a stop is requested.
    Result<Slot> acquire(
        const std::string& job, const std::string& host, Clock::time_point deadline,
        const std::stop_token& stop
    );

private:
    struct Waiter {
        const std::string& job;
        const std::string& host;
        bool granted = false;
    };

    void give_back(const std::string& job, const std::string& host);
    void grant() REQUIRES(mutex_);
    bool fits(const Waiter& waiter) const REQUIRES(mutex_);

    const SlotLimits limits_;
    Mutex mutex_;
    std::condition_variable_any granted_;
    std::list<Waiter*> waiting_ GUARDED_BY(mutex_);
    std::map<std::string, int> jobs_ GUARDED_BY(mutex_);
    std::map<std::string, int> hosts_ GUARDED_BY(mutex_);
    int fetches_ GUARDED_BY(mutex_) = 0;
};

}  // namespace vignette
