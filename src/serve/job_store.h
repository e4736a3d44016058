// The jobs of RunPod's public API: what is known of each, from its submission until it is forgotten. Any
// thread.
//
// With a ledger they outlive the process: a job is accepted once it is on the disk, and what has become of it
// is told once that is. Then the ledger must be closed before this is destroyed.
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
#include "serve/ledger/job_ledger.h"
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
        // Called once the job has ended; `done` once nothing more is to be done about it. May be empty.
        std::function<
            void(const std::string& id, std::string url, std::string body, std::function<void()> done)>
            post_webhook;
        JobLedger* ledger = nullptr;  // null: nothing outlives the process
        int crashes_max = 3;          // of the process while a job ran; then it is not run again
    };

    JobStore(JobDesk& desk, Deadlines& deadlines, Options options);
    ~JobStore();
    JobStore(const JobStore&) = delete;
    JobStore& operator=(const JobStore&) = delete;

    // Takes the jobs of an earlier process over. Before any other call.
    void restore(std::vector<JobRow> rows);

    // Calls `then` with the new job's id. A job that makes no sense is accepted, too, and fails; `overloaded`
    // if there is no room, `unavailable` if it cannot be written down.
    using Accepted = std::function<void(const Result<std::string>& id)>;
    void submit(
        std::string body, Submitted submitted, std::string tenant, const Accepted& then, Origin origin = {}
    );

    // Calls `then` once what the job has come to is on the disk, or could not be written; of all jobs, if
    // `id` is empty. What is told before that may be different after a restart.
    void when_written(const std::string& id, std::function<void()> then);

    // Whether it was handed in by this tenant; false if there is no such job.
    bool belongs(const std::string& id, const std::string& tenant) const;

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

    Result<Shared> read_job(std::string body);
    Result<void> start(const Shared& record);
    Result<void> hand_in(const Shared& record, int attempt, const PaddedText& body);
    DeskJob desk_job(const Shared& record, int attempt, Request request);
    Shared find(const std::string& id) const REQUIRES(mutex_);
    void begun(const Shared& record, int attempt);
    void said(const Shared& record, int attempt, StreamEvent event);
    void progressed(const Shared& record, int attempt, std::size_t done, std::size_t count);
    void wake(const std::vector<JobWaiter>& waiters);

    // job_store_ends.cpp
    bool settle(
        const Shared& record, int attempt, JobState state, std::string output, std::string error,
        From from = From::any_state
    );
    std::string webhook_of(const Record& record) const REQUIRES(mutex_);
    void post_webhook(const Shared& record, int attempt, std::string body);
    void put_back(const Shared& record, int attempt);
    void keep(const Shared& record) REQUIRES(mutex_);
    void make_room() REQUIRES(mutex_);
    std::vector<JobWaiter> drop(const Shared& record) REQUIRES(mutex_);
    void forget(const Shared& record, int attempt);
    void expire(const Shared& record);
    Result<void> take_back(Record& record) REQUIRES(mutex_);
    std::optional<JobState> cancel(const Shared& record, From from);

    // job_store_ledger.cpp
    void enter(const Shared& record, std::optional<PaddedText> body, const Accepted& then);
    void entered(const Shared& record, const Accepted& then, const Result<void>& written);
    bool note(const Shared& record, std::function<void()> then) REQUIRES(mutex_);
    void noted(const Shared& record);
    JobFacts facts_of(const Record& record) const REQUIRES(mutex_);
    void restore(JobRow row);
    void restore_ended(const Shared& record, const JobFacts& facts);
    void restore_unfinished(const Shared& record, const JobFacts& facts);

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
