// A fixed number of threads, fewer if the system gives no more, that run tasks in order of arrival. Any
// thread may add tasks. The destructor runs those already added, then joins.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "core/channel.h"
#include "core/log.h"

namespace vignette {

class ThreadPool {
public:
    explicit ThreadPool(int threads) : work_(work_max) {
        try {
            for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
        } catch (const std::exception& failure) {
            if (threads_.empty()) throw;
            log_warning(
                "only " + std::to_string(threads_.size()) + " of " + std::to_string(threads) +
                " threads: " + failure.what()
            );
        }
    }
    ~ThreadPool() { finish(); }
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    // Never waits: the caller must bound the number of tasks. False once it finishes.
    bool add(std::function<void()> task) { return work_.push(std::move(task)); }

    // What the destructor does, for whoever is told that nothing more can be added.
    void finish() {
        work_.close();
        threads_.clear();
    }

private:
    static constexpr std::size_t work_max = std::numeric_limits<std::size_t>::max();

    void work() {
        while (const std::optional<std::function<void()>> task = work_.pop()) (*task)();
    }

    Channel<std::function<void()>> work_;
    std::vector<std::jthread> threads_;  // last member: joined before the others are destroyed
};

}  // namespace vignette
