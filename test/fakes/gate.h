// A door in a fake through which a test lets one step after another, so that it knows what happens in
// between. Any thread may call any method.
#pragma once

#include <condition_variable>
#include <mutex>

namespace vignette {

class Gate {
public:
    void shut() {
        const std::lock_guard lock(mutex_);
        open_ = false;
        allowed_ = arrived_;
    }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }

    // The side of the fake: waits while the gate is shut.
    void pass() {
        std::unique_lock lock(mutex_);
        const int ticket = ++arrived_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return open_ || ticket <= allowed_; });
    }

    // The side of the test: returns when a step stands before the shut gate.
    void await() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return arrived_ > allowed_; });
    }
    void let_one_through() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return arrived_ > allowed_; });
        ++allowed_;
        changed_.notify_all();
    }
    // The step that waits, and then waits for the next one to come.
    void let_one_through_and_await() {
        let_one_through();
        await();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = true;
    int arrived_ = 0;
    int allowed_ = 0;
};

}  // namespace vignette
