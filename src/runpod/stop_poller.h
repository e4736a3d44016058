// Hears which jobs the platform wants stopped, and stops them. A thread of its own, joined by the destructor.
#pragma once

#include <stop_token>
#include <thread>

#include "net/client/http_client.h"
#include "runpod/job_book.h"
#include "runpod/platform.h"

namespace vignette {

class StopPoller {
public:
    StopPoller(HttpClient& client, const Platform& platform, JobBook& book);

private:
    void listen(const std::stop_token& stop);
    bool heed(const Result<HttpResponse>& answer);

    HttpClient& client_;
    const Platform& platform_;
    JobBook& book_;
    std::jthread thread_;  // last member: joined before the others die
};

}  // namespace vignette
