// The work of one job and its answer, the same for every kind of request: a batch is one task per item, a
// film is one task that yields an answer per frame.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/mutex.h"
#include "core/stopwatch.h"
#include "vignette/answer.h"
#include "vignette/captioner.h"
#include "vignette/error.h"
#include "vignette/request.h"
#include "wire/answer/answer_json.h"
#include "wire/answer/stream_event.h"

namespace vignette {

// Called while a job runs, on any thread that works on it.
struct JobHooks {
    std::function<void(StreamEvent)> on_event;  // of a request that streams; empty: nobody listens
    std::function<void(std::size_t done, std::size_t count)> on_progress;  // count 0: not known yet
    std::function<Error(Error)> explain;                                   // rewrites an error for the client
};

class JobWork {
public:
    JobWork(Request request, JobHooks hooks);

    // Tasks may run concurrently, each once.
    std::size_t tasks() const { return request_.film ? 1 : request_.items.size(); }

    // How many of them may be in work at the same time. Addresses are fetched by so many at once, and those
    // that only wait for their turn must not hold the threads that other jobs need.
    std::size_t tasks_at_once() const { return tasks_at_once_; }

    // How many pictures are in work, or wait for it, on this many threads.
    std::size_t pictures(int threads) const;

    // Does one task; true if it was the last. `captioner` may be null if no item has a job.
    bool run(std::size_t task, Captioner* captioner, const std::stop_token& stop);

    // The job's output, or why it failed as a whole; logs which. After the last task.
    Result<std::string> finish();
    // Nothing changes it any more: no lock.
    const Answer& answer() const VIGNETTE_THREAD_SAFETY(no_thread_safety_analysis) { return answer_; }

private:
    void caption(std::size_t index, Captioner* captioner, const std::stop_token& stop);
    void describe(Film film, Captioner* captioner, const std::stop_token& stop);
    void add(std::size_t index, AnsweredItem item);
    void send(std::string text);
    Result<std::string> write();
    Result<std::string> output() const REQUIRES(mutex_);

    Request request_;  // each task takes its own part out
    const JobHooks hooks_;
    const bool streams_;
    const std::size_t count_;  // of answers; 0: not known yet
    const std::size_t tasks_at_once_;
    std::atomic<std::size_t> tasks_left_;
    Mutex mutex_;
    Answer answer_ GUARDED_BY(mutex_);
    std::size_t done_ GUARDED_BY(mutex_) = 0;
    const Stopwatch watch_;
};

// The job's one log line when there is no answer. Never the picture, the prompt or the caption: they are the
// user's.
void log_job_failed(const JobId& id, const Error& error, std::string_view request_id = {});

}  // namespace vignette
