// Limits fetches: in all, per host and per job. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>

#include "vignette/error.h"

namespace vignette {

struct SlotLimits {
    int fetches_max = 64;
    int of_a_job_max = 8;
    int of_a_host_max = 8;
};

class FetchSlots {
public:
    using Clock = std::chrono::steady_clock;

    // A permission; it ends with the value.
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

    // In order of arrival; who waits for a busy host or for its own job holds up nobody else. An empty `job`
    // counts for none. `too_slow` at the deadline, `cancelled` when a stop was requested.
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
    void grant();  // under mutex_, as all below
    bool fits(const Waiter& waiter) const;

    const SlotLimits limits_;
    std::mutex mutex_;
    std::condition_variable_any granted_;
    std::list<Waiter*> waiting_;
    std::map<std::string, int> jobs_;
    std::map<std::string, int> hosts_;
    int fetches_ = 0;
};

}  // namespace vignette
