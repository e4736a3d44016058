#include "core/deadlines.h"

namespace vignette {

Deadlines::Ticket Deadlines::at(Clock::time_point time, std::function<void()> due) {
    const MutexLock lock(mutex_);
    Ticket ticket;
    ticket.key_ = {time, next_++};
    waiting_.emplace(ticket.key_, std::move(due));
    changed_.notify_all();
    return ticket;
}

void Deadlines::forget(const Ticket& ticket) {
    // Destroyed after the lock: what it holds may have more to do than we know.
    std::function<void()> dropped;
    const MutexLock lock(mutex_);
    const auto found = waiting_.find(ticket.key_);
    if (found == waiting_.end()) return;
    dropped = std::move(found->second);
    waiting_.erase(found);
}

void Deadlines::stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    Waiting dropped;
    const MutexLock lock(mutex_);
    dropped.swap(waiting_);
}

void Deadlines::run(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
        const MutexLock lock(mutex_);
        changed_.notify_all();
    });
    MutexLock lock(mutex_);
    while (!stop.stop_requested()) {
        if (waiting_.empty()) {
            changed_.wait(lock);
            continue;
        }
        const Clock::time_point first = waiting_.begin()->first.first;
        if (Clock::now() < first) {
            changed_.wait_until(lock, first);
            continue;
        }
        std::function<void()> due = std::move(waiting_.begin()->second);
        waiting_.erase(waiting_.begin());
        lock.unlock();
        due();
        due = nullptr;  // before the lock: what it holds may ask for something else
        lock.lock();
    }
}

}  // namespace vignette
