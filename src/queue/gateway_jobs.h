// RunPod's job API over the queue: the state of a job is in Redis, so any gateway can be asked. Any thread.
#pragma once

#include <functional>
#include <string>

#include "core/deadlines.h"
#include "queue/crew.h"
#include "queue/job_waits.h"
#include "serve/routes/call.h"
#include "vignette/limits.h"

namespace vignette {

class GatewayJobs {
public:
    GatewayJobs(QueueCrew& crew, Deadlines& deadlines, Limits limits, int jobs_max)
        : crew_(crew), limits_(limits), jobs_max_(jobs_max), waits_(crew, deadlines) {}

    void run(const Call& call);
    void runsync(const Call& call);
    void status(const Call& call);
    void status_sync(const Call& call);
    void stream(const Call& call);
    void cancel(const Call& call);
    void retry(const Call& call);
    void purge(const Call& call);
    void health(const Call& call);

    JobWaits& waits() { return waits_; }

private:
    using Task = std::function<void(JobQueue&)>;
    Result<NewWork> read(const Call& call, bool waits) const;
    void offer(const Call& call, Task task, std::size_t bytes = 0);
    void about_job(const Call& call, Task task);  // that its path names, if the client may know it
    void wait(const Call& call, Until what, std::chrono::milliseconds time, Task then);

    QueueCrew& crew_;
    const Limits limits_;
    const int jobs_max_;
    JobWaits waits_;
};

}  // namespace vignette
