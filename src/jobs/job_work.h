// The work of one job and its answer, the same for every kind of request: a batch is one task per item, a
// film is one task that yields an answer per frame.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/mutex.h"
#include "core/stopwatch.h"
#include "vignette/answer.h"
#include "vignette/captioner.h"
#include "vignette/error.h"
#include "vignette/request.h"
#include "wire/answer/answer_json.h"
#include "wire/answer/stream_event.h"

namespace vignette {

// Threads that fetch for all jobs, as many as net/fetch/fetch_slots lets fetch at once.
inline constexpr int fetching_threads = 64;

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

    // Whether each task has to be fetched before it is run: on another thread, since those that work must
    // not be held by a slow server.
    bool fetches() const { return fetches_; }

    // How many of them may be fetched, or wait for their turn to run, at the same time.
    static constexpr std::size_t fetches_at_once_max = 8;  // as many as net/fetch/fetch_slots lets one have

    // How many pictures are in work, or wait for it, on this many threads.
    std::size_t pictures(int threads) const;

    // Waits for the network; run() tells how it went. Each task once.
    void fetch(std::size_t task, Captioner* captioner, const std::stop_token& stop);

    // Does one task; true if it was the last. `captioner` may be null if no item has a job.
    bool run(std::size_t task, Captioner* captioner, const std::stop_token& stop);

    // The job's output, or why it failed as a whole; logs which. After the last task.
    Result<std::string> finish();
    // Nothing changes it any more: no lock.
    const Answer& answer() const VIGNETTE_THREAD_SAFETY(no_thread_safety_analysis) { return answer_; }

private:
    void caption(std::size_t index, Captioner* captioner, const std::stop_token& stop);
    void describe(Film film, Captioner* captioner, const std::stop_token& stop);
    OnPiece piece_sender(std::size_t index, std::string id);
    void add(std::size_t index, AnsweredItem item);
    void send(std::string text);
    Result<std::string> write();
    Result<std::string> output() const REQUIRES(mutex_);

    Request request_;  // each task takes its own part out
    const JobHooks hooks_;
    const bool streams_;
    const std::size_t count_;  // of answers; 0: not known yet
    const bool fetches_;
    Result<void> film_fetched_;
    std::vector<std::chrono::microseconds> fetch_times_;  // each task its own
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
