// Runs jobs: each task on a thread of the pool once it is fetched, each job to exactly one result in the
// outbox.
//
// Any thread may call it. The destructor waits for the running jobs: stop them first if time is short.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/fair_line.h"
#include "core/mutex.h"
#include "core/thread_pool.h"
#include "jobs/model_health.h"
#include "runpod/job_book.h"
#include "runpod/outbox.h"
#include "runpod/platform.h"
#include "runpod/result_folder.h"
#include "trace/tracer.h"
#include "vignette/captioner.h"
#include "wire/answer/answer_json.h"
#include "wire/dialects/runpod.h"

namespace vignette {

class JobRunner {
public:
    struct Options {
        int threads = 1;                 // tasks that run at once
        StopPod stop_pod = StopPod::no;  // ask to be replaced after each result
        Tracer* tracer = nullptr;        // null: no traces
        ResultFolder* folder = nullptr;  // remembers which jobs run; null: nothing does
        // Jobs that ran when a worker died, and their marks: they may have killed it, and are not run again.
        std::map<JobId, std::filesystem::path> suspects = {};
    };

    // `on_dead` is called once, on a thread of the pool, when the model no longer computes anything.
    JobRunner(
        Captioner& captioner, Outbox& outbox, JobBook& book, const Platform& platform, Options options,
        std::function<void()> on_dead
    );
    ~JobRunner() { fetchers_.finish(); }  // the crew does the rest
    JobRunner(const JobRunner&) = delete;
    JobRunner& operator=(const JobRunner&) = delete;

    // Answers the job, runs it, or logs why neither is possible.
    void take_in(TakenJob taken);

    // Jobs stopped from now on fail with `shutting_down`, not `cancelled`.
    void say_shutting_down() { shutting_down_ = true; }

    // Answers the jobs that still run with `shutting_down`, whatever their threads do: what these bring later
    // is dropped.
    void hand_back();

private:
    struct Running;
    struct Taken {  // what answering a job takes
        Streamed streamed = Streamed::no;
        std::filesystem::path mark;  // empty: none
    };
    struct Task {
        std::shared_ptr<Running> job;
        std::size_t index = 0;
    };

    void start(const JobId& id, Request request);
    std::filesystem::path mark(const JobId& id);
    bool answer_suspect(const JobId& id);
    void fetch(const std::shared_ptr<Running>& job, std::size_t index);
    void add_task(const std::shared_ptr<Running>& job, std::size_t index);
    void run_next();
    Error explain(Error error) const;
    void post(const JobId& id, const Result<std::string>& output, Keep keep);

    Captioner& captioner_;
    Outbox& outbox_;
    JobBook& book_;
    const Platform& platform_;
    const Options options_;
    const std::function<void()> on_dead_;
    std::atomic<bool> shutting_down_ = false;
    ModelHealth health_;
    Mutex mutex_;
    std::map<JobId, Taken> taken_ GUARDED_BY(mutex_);
    std::map<JobId, std::filesystem::path> suspects_ GUARDED_BY(mutex_);
    // A large batch must not make the next job wait for all of it.
    FairLine<Task> line_ GUARDED_BY(mutex_);
    ThreadPool fetchers_;
    ThreadPool crew_;  // last member: its threads use all of the above
};

}  // namespace vignette
