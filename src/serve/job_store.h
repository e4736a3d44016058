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
#include "serve/job_record.h"
#include "serve/kept_jobs.h"
#include "wire/dialects/endpoint.h"
#include "wire/dialects/runpod.h"

namespace vignette {

class JobStore {
public:
    using Clock = Deadlines::Clock;
    struct Options {
        Limits limits;
        PolicyBounds policy;
        WorkerIdentity worker;
        std::chrono::milliseconds keep_polled{1'800'000};  // results
        std::chrono::milliseconds keep_waited{60'000};
        std::size_t results_bytes_max = 256 * MiB;  // of jobs that have ended: the oldest are forgotten
        std::size_t inputs_bytes_max = 256 * MiB;   // of failed ones, for a retry
        // Called with the job's id, a webhook's address and its body, once the job has ended. May be empty.
        std::function<void(const std::string& id, std::string url, std::string body)> post_webhook;
    };

    JobStore(JobDesk& desk, Deadlines& deadlines, Options options);
    ~JobStore();
    JobStore(const JobStore&) = delete;
    JobStore& operator=(const JobStore&) = delete;

    // The new job's id. A job that makes no sense is accepted, too, and fails; `overloaded` if there is no
    // room.
    Result<std::string> submit(
        std::string body, Submitted submitted, std::string tenant = {}, Origin origin = {}
    );

    std::optional<JobStatus> status(const std::string& id);

    struct News {
        JobStatus status;
        std::vector<StreamEvent> events;  // those that nobody has taken yet
    };
    std::optional<News> take_news(const std::string& id);

    // Calls `then` once: when the job has ended, is no longer known or (for news) has said something, or at
    // `until`.
    void wait(const std::string& id, Until what, Clock::time_point until, std::function<void()> then);

    // The job's state afterwards: one that has ended stays as it is.
    std::optional<JobState> cancel(const std::string& id);
    // Runs a failed job again; `invalid_input` if it has not failed, or its input is no longer there.
    Result<void> retry(const std::string& id);
    std::size_t purge();  // cancels what waits; how many

    JobCounts counts() const;

private:
    using Record = JobRecord;
    using Shared = std::shared_ptr<Record>;
    enum class From { any_state, queue };

    Result<void> start(const Shared& record);
    DeskJob desk_job(const Shared& record, int attempt, Request request);
    Shared find(const std::string& id) const REQUIRES(mutex_);
    void begun(const Shared& record, int attempt);
    void said(const Shared& record, int attempt, StreamEvent event);
    void progressed(const Shared& record, int attempt, std::size_t done, std::size_t count);
    bool settle(
        const Shared& record, int attempt, JobState state, std::string output, std::string error,
        From from = From::any_state
    );
    void keep(const Shared& record) REQUIRES(mutex_);
    std::vector<JobWaiter> drop(const Shared& record) REQUIRES(mutex_);
    void wake(const std::vector<JobWaiter>& waiters);
    void forget(const Shared& record, int attempt);
    void expire(const Shared& record);
    Result<void> take_back(Record& record) REQUIRES(mutex_);
    std::optional<JobState> cancel(const Shared& record, From from);

    JobDesk& desk_;
    Deadlines& deadlines_;
    const Options options_;
    mutable Mutex mutex_;
    std::unordered_map<std::string, Shared> records_ GUARDED_BY(mutex_);
    KeptJobs results_ GUARDED_BY(mutex_);
    KeptJobs inputs_ GUARDED_BY(mutex_);
    JobCounts counts_ GUARDED_BY(mutex_);
};

}  // namespace vignette
