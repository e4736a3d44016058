// A fixed crew of threads that do what is given to them, in order of arrival.
// Any thread may add work. The destructor lets what was added be done, then joins.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <thread>
#include <vector>

#include "core/channel.h"

namespace vignette {

class ThreadPool {
public:
    explicit ThreadPool(int threads) : work_(work_max) {
        for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
    }
    ~ThreadPool() { work_.close(); }
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    // Never waits: whoever adds work bounds it.
    void add(std::function<void()> task) { work_.push(std::move(task)); }

private:
    static constexpr std::size_t work_max = std::numeric_limits<std::size_t>::max();

    void work() {
        while (const std::optional<std::function<void()>> task = work_.pop()) (*task)();
    }

    Channel<std::function<void()>> work_;
    std::vector<std::jthread> threads_;  // last member: joined before the others die
};

}  // namespace vignette
