// Asks the platform for jobs whenever there is room for more. One thread: the caller's.
#pragma once

#include <functional>
#include <stop_token>

#include "net/client/http_client.h"
#include "runpod/job_book.h"
#include "runpod/platform.h"
#include "runpod/take_policy.h"
#include "vignette/limits.h"
#include "wire/dialects/runpod.h"

namespace vignette {

enum class TakeEnd { stopped, unauthorized, took_one };

struct TakeOptions {
    int pictures_max = 1;                   // in work at once
    bool one_job_only = false;              // for a worker that is replaced after each job
    std::function<int()> memory_room = {};  // how many more pictures the memory allows; empty: any number
    Limits limits;
};

class TakeLoop {
public:
    TakeLoop(HttpClient& client, const Platform& platform, JobBook& book, TakeOptions options);

    // Hands over each job until a stop is requested, the key has been refused for five minutes, or the one
    // job that was wanted has come. A request that is open when the stop comes is cancelled, unless its
    // answer has begun to arrive.
    using TakeIn = std::function<void(TakenJob)>;
    TakeEnd run(const std::stop_token& stop, const TakeIn& take_in);

private:
    int wait_for_room(const std::stop_token& stop);
    int room(const JobBook::Held& now) const;
    Result<HttpResponse> ask(int wanted, const std::stop_token& stop);
    TakePolicy::Event request_jobs(int wanted, const std::stop_token& stop, const TakeIn& take_in);
    TakeAnswer hand_over(std::string body, const TakeIn& take_in);
    void log_answer(const Result<HttpResponse>& answer, TakeAnswer kind) const;

    HttpClient& client_;
    const Platform& platform_;
    JobBook& book_;
    const TakeOptions options_;
    TakePolicy policy_;
};

}  // namespace vignette
