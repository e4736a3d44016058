// Runs jobs: each picture on a thread of the crew, each job to exactly one result in the outbox.
//
// Any thread may take jobs in. The destructor waits for those that run: stop them first where time is short.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "core/fair_line.h"
#include "core/thread_pool.h"
#include "runpod/job_book.h"
#include "runpod/outbox.h"
#include "runpod/platform.h"
#include "vignette/captioner.h"
#include "wire/answer/film_json.h"
#include "wire/answer/result_json.h"
#include "wire/dialects/runpod.h"

namespace vignette {

class JobRunner {
public:
    struct Options {
        int threads = 1;                 // pictures in work at once
        StopPod stop_pod = StopPod::no;  // ask to be replaced after each result
    };

    // `on_dead` is called once, on a thread of the crew, when the model no longer computes anything.
    JobRunner(
        Captioner& captioner, Outbox& outbox, JobBook& book, const Platform& platform, Options options,
        std::function<void()> on_dead
    );

    // Answers, runs, or tells in one log line why neither can be done.
    void take_in(TakenJob taken);

    // Those that are stopped from now on are told that the worker ends.
    void say_shutting_down() { shutting_down_ = true; }

private:
    struct Running;
    struct Picture {  // of a job, by its place
        std::shared_ptr<Running> job;
        std::size_t index = 0;
    };

    void start(const JobId& id, Request request);
    void run_next();
    void run_item(const std::shared_ptr<Running>& job, std::size_t index);
    static Answer answer(Running& job);
    Result<Caption> caption(Running& job, std::size_t index);
    void run_film(Running& job);
    Result<FilmInfo> describe(Running& job, FilmAnswer& answer);
    Error told_why(Error error) const;
    void settle(Running& job);
    void settle_film(Running& job, const FilmAnswer& answer, const Result<FilmInfo>& info);
    void post_done(const Running& job, const std::string& output);
    void fail_job(const JobId& id, const Error& error, Streamed streamed);
    void note_health(const Running& job);
    void note_health(bool something_came, bool model_failed);

    Captioner& captioner_;
    Outbox& outbox_;
    JobBook& book_;
    const Platform& platform_;
    const Options options_;
    const std::function<void()> on_dead_;
    std::atomic<bool> shutting_down_ = false;
    std::atomic<bool> dead_ = false;
    std::atomic<int> failures_in_a_row_ = 0;
    std::mutex mutex_;
    FairLine<Picture> line_;  // under mutex_: a large batch must not make the next job wait for all of it
    ThreadPool crew_;         // last member: its threads use all of the above
};

}  // namespace vignette
