#include "queue/crew.h"

#include <utility>

namespace vignette {

QueueCrew::QueueCrew(const QueueAddress& address, Bounds bounds) : bounds_(bounds) {
    for (int i = 0; i < bounds.threads; ++i) threads_.emplace_back([this, address] { work(address); });
}

QueueCrew::~QueueCrew() {
    {
        const MutexLock lock(mutex_);
        closed_ = true;
        changed_.notify_all();
    }
    threads_.clear();
}

bool QueueCrew::offer(Task task, std::size_t bytes) {
    const MutexLock lock(mutex_);
    if (tasks_.size() >= bounds_.tasks_max || bytes_ + bytes > bounds_.bytes_max) return false;
    tasks_.push_back({std::move(task), bytes});
    bytes_ += bytes;
    changed_.notify_one();
    return true;
}

void QueueCrew::add(Task task) {
    const MutexLock lock(mutex_);
    tasks_.push_back({std::move(task), 0});
    changed_.notify_one();
}

void QueueCrew::work(const QueueAddress& address) {
    JobQueue queue(address);
    while (true) {
        Task task;
        {
            MutexLock lock(mutex_);
            changed_.wait(lock, [this]() REQUIRES(mutex_) { return closed_ || !tasks_.empty(); });
            if (tasks_.empty()) return;
            task = std::move(tasks_.front().task);
            bytes_ -= tasks_.front().bytes;
            tasks_.pop_front();
        }
        task(queue);
    }
}

}  // namespace vignette
