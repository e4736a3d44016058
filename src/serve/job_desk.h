// Where the server's jobs are handed in: a bounded waiting line and the threads that serve it. What must be
// fetched first is fetched by others, and is in the line once it is here.
//
// Any thread. Jobs of one priority take turns, so that a large batch does not make the others wait for all of
// it. The destructor stops what still runs and waits for it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "core/thread_pool.h"
#include "jobs/job_work.h"
#include "trace/job_spans.h"
#include "vignette/captioner.h"
#include "vignette/request.h"

namespace vignette {

enum class Priority { normal, low };

struct DeskJob {
    Request request;
    std::stop_source stop;  // ends the job, whether it waits or runs
    Priority priority = Priority::normal;
    std::string tenant;              // on whose behalf; empty: nobody's in particular
    std::size_t bytes = 0;           // of its body
    bool was_accepted = false;       // by an earlier process: the bounds no longer apply
    std::function<void()> on_start;  // may be empty, as the next two
    std::function<void(StreamEvent)> on_event;
    std::function<void(std::size_t done, std::size_t count)> on_progress;
    // Called once for every job that was accepted. `output` is what a worker would post.
    std::function<void(const Answer& answer, const Result<std::string>& output)> on_done;
};

class JobDesk {
public:
    struct Bounds {
        std::size_t jobs_max = 1'000;                 // waiting or running
        std::size_t bytes_max = 1024 * MiB;           // of their bodies
        std::chrono::milliseconds wait_max{600'000};  // predicted, before a job would start
    };
    struct Load {
        std::size_t waiting = 0;  // jobs
        std::size_t running = 0;
        std::size_t done = 0;  // since the start
        std::size_t failed = 0;
        std::size_t refused = 0;
        std::size_t pictures_running = 0;
        std::size_t pictures_at_once = 0;            // at most; 0: the model is not loaded
        std::chrono::steady_clock::duration busy{};  // while any picture was in work
        std::chrono::milliseconds predicted_wait{};
        CachesUse caches{};
    };

    // `watch` is told of every job that has ended; it may be empty.
    using Watch = std::function<void(const EndedJob& job)>;
    explicit JobDesk(Bounds bounds, Watch watch = {}) : bounds_(bounds), watch_(std::move(watch)) {}
    ~JobDesk();
    JobDesk(const JobDesk&) = delete;
    JobDesk& operator=(const JobDesk&) = delete;

    // From now on jobs are run, on so many threads; until then they wait.
    void open(Captioner& captioner, int threads);
    bool is_open() const;

    // `overloaded` if the line is full, `shutting_down` after close(); then none of its functions is called.
    Result<void> submit(DeskJob job);

    Load load() const;

    void close();  // takes no more jobs; those that it has taken go on
    // True once nothing waits or runs.
    bool wait_until_idle(std::chrono::steady_clock::time_point deadline);
    // Ends all jobs; what was not done fails with `shutting_down`.
    void stop_all();
    void join();  // after stop_all(): waits until its threads have ended

private:
    struct Running;
    using Line = std::list<std::shared_ptr<Running>>;

    struct Task {
        std::shared_ptr<Running> job;
        std::size_t index = 0;
        bool first = false;  // of its job to be begun
    };

    Result<void> check_room(const DeskJob& job) REQUIRES(mutex_);
    std::chrono::milliseconds predicted_wait() const REQUIRES(mutex_);
    bool anything_waits() const REQUIRES(mutex_) { return !lines_[0].empty() || !lines_[1].empty(); }
    Task next_task() REQUIRES(mutex_);
    bool begin(Running& job) REQUIRES(mutex_);
    void take_in_work() REQUIRES(mutex_);
    void get_ready(const std::shared_ptr<Running>& job, std::size_t index) REQUIRES(mutex_);
    void fetch_more(const std::shared_ptr<Running>& job) REQUIRES(mutex_);
    void end_early(const std::shared_ptr<Running>& job) REQUIRES(mutex_);
    void fetch(const Task& task);
    Error explain(const Error& error) const;
    void leave_line(std::shared_ptr<Running> job);
    void work(const std::stop_token& ending);
    void run(const Task& task, Captioner* captioner);
    void task_done(std::chrono::microseconds took);
    void settle(
        Running& job, const Answer& answer, const Result<std::string>& output,
        std::chrono::microseconds post = {}
    );

    const Bounds bounds_;
    const Watch watch_;
    mutable Mutex mutex_;
    std::condition_variable_any waiting_;  // a task for a thread
    std::condition_variable_any idle_;     // nothing is held
    Captioner* captioner_ GUARDED_BY(mutex_) = nullptr;
    Line lines_[2] GUARDED_BY(mutex_);  // by priority: with tasks that are ready
    Line held_ GUARDED_BY(mutex_);      // waiting or running
    Line parting_ GUARDED_BY(mutex_);   // stopped; a job must not be destroyed by its own stop callback
    std::size_t places_ GUARDED_BY(mutex_) = 1;  // threads
    std::size_t bytes_ GUARDED_BY(mutex_) = 0;
    std::size_t tasks_waiting_ GUARDED_BY(mutex_) = 0;
    std::size_t served_in_a_row_ GUARDED_BY(mutex_) = 0;  // of normal priority, while others waited
    double task_ms_ GUARDED_BY(mutex_) = 0;               // the running mean
    std::chrono::steady_clock::time_point busy_since_ GUARDED_BY(mutex_);
    Load counts_ GUARDED_BY(mutex_);
    bool closed_ GUARDED_BY(mutex_) = false;
    std::atomic<bool> shutting_down_ = false;
    std::atomic<std::uint64_t> numbered_ = 0;
    std::unique_ptr<ThreadPool> fetchers_ GUARDED_BY(mutex_);  // while it is open
    std::vector<std::jthread> crew_;                           // last member
};

}  // namespace vignette
