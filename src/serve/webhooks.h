// Tells the end of a job to the address that its client gave: again twice if nobody listens. That nobody does
// never fails the job. Any thread.
//
// Its deadlines must have stopped before it is destroyed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/deadlines.h"
#include "core/mutex.h"
#include "net/fetch/sealed_poster.h"
#include "vignette/bytes.h"

namespace vignette {

class Webhooks {
public:
    struct Options {
        std::vector<std::chrono::milliseconds> pauses{
            // before each other try
            std::chrono::milliseconds{5'000}, std::chrono::milliseconds{15'000}
        };
        std::size_t bytes_max = 256 * MiB;  // of all that are not told yet
        std::size_t at_once_max = 64;
    };

    Webhooks(
        const FetchRules& rules, Deadlines& deadlines, Options options,
        std::unique_ptr<Resolver> resolver = std::make_unique<SystemResolver>()
    );

    // `done`, which may be empty, is called once it was delivered or given up.
    void post(const std::string& job, std::string url, std::string json, std::function<void()> done = {});

    // True once nothing is on its way; what waits for another try does not count.
    bool wait_until_quiet(std::chrono::steady_clock::time_point deadline);

private:
    struct Post {
        std::string job;
        std::string url;
        SharedText json;
        std::function<void()> done;
        std::size_t tries = 0;
    };
    using Shared = std::shared_ptr<Post>;

    void enqueue(const Shared& post);
    void start_next();
    void tried(const Shared& post, const Result<int>& status);
    bool is_told(const Shared& post, const Result<int>& status);

    Deadlines& deadlines_;
    const Options options_;
    Mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Shared> waiting_ GUARDED_BY(mutex_);
    std::size_t at_once_ GUARDED_BY(mutex_) = 0;
    std::size_t bytes_ GUARDED_BY(mutex_) = 0;
    SealedPoster poster_;  // last member: its threads end before the others die
};

}  // namespace vignette
