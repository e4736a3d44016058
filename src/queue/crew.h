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
#include "vignette/bytes.h"

namespace vignette {

class QueueCrew {
public:
    using Task = std::function<void(JobQueue&)>;

    struct Bounds {
        int threads = 4;
        std::size_t tasks_max = 4'096;       // that wait: as many as there may be connections
        std::size_t bytes_max = 1024 * MiB;  // of their bodies
    };
    QueueCrew(const QueueAddress& address, Bounds bounds);
    ~QueueCrew();
    QueueCrew(const QueueCrew&) = delete;
    QueueCrew& operator=(const QueueCrew&) = delete;

    [[nodiscard]] bool offer(Task task, std::size_t bytes = 0);  // false: too many wait already
    void add(Task task);                                         // what belongs to a request that was let in

private:
    void work(const QueueAddress& address);

    struct Waiting {
        Task task;
        std::size_t bytes;
    };

    const Bounds bounds_;
    Mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Waiting> tasks_ GUARDED_BY(mutex_);
    std::size_t bytes_ GUARDED_BY(mutex_) = 0;
    bool closed_ GUARDED_BY(mutex_) = false;
    std::vector<std::jthread> threads_;  // last member
};

}  // namespace vignette
