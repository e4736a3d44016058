// Tells the platform that this worker is alive and which jobs it holds, whatever else the process is doing.
// A thread and connections of its own; the first sign goes out at once, the last before the destructor
// returns.
#pragma once

#include <stop_token>
#include <thread>

#include "net/client/http_client.h"
#include "runpod/job_book.h"
#include "runpod/platform.h"

namespace vignette {

class Heartbeat {
public:
    Heartbeat(const Platform& platform, const JobBook& book);

private:
    void beat(const std::stop_token& stop);
    void send_sign(const std::stop_token& stop);

    const Platform& platform_;
    const JobBook& book_;
    HttpClient client_;
    bool silent_ = false;  // the last heartbeat failed; heartbeat thread only
    std::jthread thread_;  // last member: joined before the others die
};

// Reports once, within two seconds, why this worker cannot work.
void report_unhealthy(const Platform& platform, std::string_view check, std::string_view reason);

}  // namespace vignette
