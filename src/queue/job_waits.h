// Who waits for news of jobs of RunPod's API, whichever gateway took them. Any thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/deadlines.h"
#include "core/mutex.h"
#include "queue/crew.h"
#include "serve/job_record.h"

namespace vignette {

class JobWaits {
public:
    JobWaits(QueueCrew& crew, Deadlines& deadlines) : crew_(crew), deadlines_(deadlines) {}

    // Has the crew do `then` once: when the job has ended or (for news) said something, or at `until`. What
    // was before is not noticed: look_at() does.
    void add(const std::string& id, Until what, Deadlines::Clock::time_point until, QueueCrew::Task then);

    void look_at(JobQueue& queue, const std::string& id);
    void look_at_all();

    void wake(const std::string& id, Until what);
    void wake_all();  // nobody shall wait any more

private:
    QueueCrew& crew_;
    Deadlines& deadlines_;
    Mutex mutex_;
    std::unordered_map<std::string, std::vector<JobWaiter>> waiters_ GUARDED_BY(mutex_);
};

}  // namespace vignette
