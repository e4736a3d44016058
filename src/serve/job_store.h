// The jobs of RunPod's public API: what is known of each, from its submission until it is forgotten. Any
// thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/deadlines.h"
#include "core/mutex.h"
#include "serve/job_desk.h"
#include "wire/dialects/endpoint.h"
#include "wire/dialects/runpod.h"

namespace vignette {

enum class Submitted { to_poll, to_wait };  // by /run or by /runsync, whose results are kept for less long

class JobStore {
public:
    using Clock = Deadlines::Clock;
    struct Options {
        Limits limits;
        WorkerIdentity worker;
        std::chrono::seconds keep_polled{1'800};  // results
        std::chrono::seconds keep_waited{60};
        // Called with a webhook's address and body, once the job has ended.
        std::function<void(std::string url, std::string body)> post_webhook;
    };

    JobStore(JobDesk& desk, Deadlines& deadlines, Options options);
    ~JobStore();
    JobStore(const JobStore&) = delete;
    JobStore& operator=(const JobStore&) = delete;

    // The new job's id. A job that makes no sense is accepted, too, and fails; `overloaded` if there is no
    // room.
    Result<std::string> submit(std::string body, Submitted submitted);

    std::optional<JobStatus> status(const std::string& id);

    struct News {
        JobStatus status;
        std::vector<StreamEvent> events;  // those that nobody has taken yet
    };
    std::optional<News> take_news(const std::string& id);

    // Calls `then` once: when the job has ended (or, for news, has said something), or at `until`.
    enum class Until { ended, news };
    void wait(const std::string& id, Until what, Clock::time_point until, std::function<void()> then);

    // The job's state afterwards: one that has ended stays as it is.
    std::optional<JobState> cancel(const std::string& id);
    // Runs a failed job again; `invalid_input` if it has not failed.
    Result<void> retry(const std::string& id);
    std::size_t purge();  // cancels what waits; how many

    JobCounts counts() const;

private:
    class Once;
    struct Record;
    using Shared = std::shared_ptr<Record>;

    Result<void> start(const Shared& record);
    Shared find(const std::string& id) const;
    void begun(const Shared& record, int attempt);
    void said(const Shared& record, int attempt, StreamEvent event);
    void progressed(const Shared& record, int attempt, std::size_t done, std::size_t count);
    void settle(const Shared& record, int attempt, JobState state, std::string output, std::string error);
    void forget(const Shared& record, int attempt);
    void expire(const Shared& record);
    JobStatus status_of(const Record& record) const REQUIRES(mutex_);

    JobDesk& desk_;
    Deadlines& deadlines_;
    const Options options_;
    mutable Mutex mutex_;
    std::unordered_map<std::string, Shared> records_ GUARDED_BY(mutex_);
    JobCounts counts_ GUARDED_BY(mutex_);
};

}  // namespace vignette
