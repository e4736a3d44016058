// A bounded queue between threads that can be closed. Any thread may call any method. Values pushed before
// close() are still delivered.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "core/mutex.h"

namespace vignette {

template <class T>
class Channel {
public:
    explicit Channel(std::size_t capacity) : capacity_(capacity) {}

    // Waits for room; false if closed.
    bool push(T value) {
        MutexLock lock(mutex_);
        room_.wait(lock, [&]() REQUIRES(mutex_) { return closed_ || values_.size() < capacity_; });
        return add(std::move(value));
    }

    // Never waits; false if full or closed.
    bool try_push(T value) {
        const MutexLock lock(mutex_);
        return values_.size() < capacity_ && add(std::move(value));
    }

    // Waits for a value; empty once closed and drained.
    std::optional<T> pop() {
        MutexLock lock(mutex_);
        filled_.wait(lock, [&]() REQUIRES(mutex_) { return closed_ || !values_.empty(); });
        return pop_locked();
    }

    // Never waits.
    std::optional<T> try_pop() {
        const MutexLock lock(mutex_);
        return pop_locked();
    }

    void close() {
        const MutexLock lock(mutex_);
        closed_ = true;
        room_.notify_all();
        filled_.notify_all();
    }

private:
    bool add(T value) REQUIRES(mutex_) {
        if (closed_) return false;
        values_.push_back(std::move(value));
        filled_.notify_one();
        return true;
    }

    std::optional<T> pop_locked() REQUIRES(mutex_) {
        if (values_.empty()) return std::nullopt;
        std::optional<T> value(std::move(values_.front()));
        values_.pop_front();
        room_.notify_one();
        return value;
    }

    const std::size_t capacity_;
    Mutex mutex_;
    std::condition_variable_any room_;  // notified one by one: a value must not wake a hundred idle threads
    std::condition_variable_any filled_;
    std::deque<T> values_ GUARDED_BY(mutex_);
    bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace vignette
