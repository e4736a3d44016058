// Takes work from the queue and has it done: jobs of RunPod's API at the desk, HTTP requests by the routes
// that would serve them here. docs/scale.md
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "queue/sender.h"
#include "serve/services.h"

namespace vignette {

class QueueWorker {
public:
    struct Options {
        QueueAddress address;
        std::string name;                            // that no other worker has
        int places = 1;                              // jobs in hand at once
        std::chrono::milliseconds idle_min{30'000};  // then a job is taken from a worker that is silent
    };

    // The desk must be open.
    QueueWorker(Services& services, Options options);

    void run(const std::stop_token& stop);  // takes work until then; the caller's thread

    // What is in hand is finished, or handed back shortly before the deadline. False: some could not be told.
    bool drain(std::chrono::steady_clock::time_point deadline);

private:
    void start(TakenWork work);
    void start_job(TakenWork work, const std::stop_source& stop);
    void start_request(TakenWork work, const std::stop_source& stop);
    void keep(const std::stop_token& stop);
    void heed_cancels(const std::stop_token& stop);
    void lose(const std::string& id);

    Services& services_;
    const Options options_;
    QueueSender sender_;
    Mutex mutex_;
    bool takes_ GUARDED_BY(mutex_) = true;
    std::vector<std::string> lost_ GUARDED_BY(mutex_);  // jobs that lost the GPU, not handed back yet
    std::jthread keeper_;     // tells Redis what is in hand, so that nobody else takes it
    std::jthread canceller_;  // hears what is cancelled; last member
};

}  // namespace vignette
