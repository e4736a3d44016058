// HTTP requests that a worker answers: handed in at the queue, and its answer passed on as it comes. Any
// thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <string>

#include "core/mutex.h"
#include "queue/crew.h"
#include "serve/routes/call.h"

namespace vignette {

class Relays {
public:
    Relays(QueueCrew& crew, std::string gateway, int jobs_max);

    void start(const Call& call);

    void look_at(const std::string& id);  // there is news of it
    void look_at_all();

    bool wait_until_empty(std::chrono::steady_clock::time_point deadline);

private:
    struct Relay;
    using Shared = std::shared_ptr<Relay>;

    void submit(JobQueue& queue, const Shared& relay, std::string body);
    void follow(JobQueue& queue, const Shared& relay);
    bool pass_on(JobQueue& queue, Relay& relay, Result<std::optional<WorkNews>> news);
    void leave(const std::string& id);

    QueueCrew& crew_;
    const std::string gateway_;
    const int jobs_max_;
    Mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, Shared> relays_ GUARDED_BY(mutex_);
};

}  // namespace vignette
