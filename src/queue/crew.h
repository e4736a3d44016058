// A few threads that ask Redis, each with a connection of its own, so that those of the web server never
// wait. Any thread may add tasks. The destructor runs what was added.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "queue/job_queue.h"

namespace vignette {

class QueueCrew {
public:
    using Task = std::function<void(JobQueue&)>;

    QueueCrew(const QueueAddress& address, int threads);
    ~QueueCrew();
    QueueCrew(const QueueCrew&) = delete;
    QueueCrew& operator=(const QueueCrew&) = delete;

    [[nodiscard]] bool offer(Task task);  // false: too many wait already
    void add(Task task);                  // what belongs to a request that was let in

private:
    void work(const QueueAddress& address);

    Mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Task> tasks_ GUARDED_BY(mutex_);
    bool closed_ GUARDED_BY(mutex_) = false;
    std::vector<std::jthread> threads_;  // last member
};

}  // namespace vignette
