#include "queue/crew.h"

#include <utility>

namespace vignette {
namespace {

constexpr std::size_t tasks_max = 4'096;  // that wait; as many as there may be connections

}  // namespace

QueueCrew::QueueCrew(const QueueAddress& address, int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this, address] { work(address); });
}

QueueCrew::~QueueCrew() {
    {
        const MutexLock lock(mutex_);
        closed_ = true;
        changed_.notify_all();
    }
    threads_.clear();
}

bool QueueCrew::offer(Task task) {
    const MutexLock lock(mutex_);
    if (tasks_.size() >= tasks_max) return false;
    tasks_.push_back(std::move(task));
    changed_.notify_one();
    return true;
}

void QueueCrew::add(Task task) {
    const MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
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
            task = std::move(tasks_.front());
            tasks_.pop_front();
        }
        task(queue);
    }
}

}  // namespace vignette
