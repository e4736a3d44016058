// Threads for tasks of less than a millisecond, on a core other than the caller's. Any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/mutex.h"

namespace vignette {

class HelperThreads {
public:
    using Task = std::function<void()>;  // must not throw

    explicit HelperThreads(int count);
    HelperThreads(const HelperThreads&) = delete;
    HelperThreads& operator=(const HelperThreads&) = delete;

    // False when all of them have something to do. What was begun ends before this dies.
    bool run(Task task);

private:
    struct Helper {
        std::condition_variable_any called;
        Task task;  // under mutex_, as `busy` is; empty while there is none
        bool busy = false;
        std::jthread thread;
    };

    void work(Helper& self, const std::stop_token& stop);

    Mutex mutex_;
    std::vector<std::unique_ptr<Helper>> helpers_;  // the last: its threads use the others
};

}  // namespace vignette
