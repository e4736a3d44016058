// The routes of a server without a model: what it is asked goes into the queue, where workers take it.
// docs/scale.md
//
// Any thread may ask it. Its deadlines must have stopped before it is destroyed.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "core/deadlines.h"
#include "queue/crew.h"
#include "queue/gateway_jobs.h"
#include "queue/relays.h"
#include "serve/routes/call.h"

namespace vignette {

class QueueGateway {
public:
    struct Options {
        QueueAddress address;
        int jobs_max = 1'000;                // that wait or run, of all gateways
        std::size_t bytes_max = 1024 * MiB;  // of bodies that are on their way into the queue
        Limits limits;
        // As of JobStore.
        std::function<void(const std::string& id, std::string url, std::string body)> post_webhook;
    };

    QueueGateway(Deadlines& deadlines, Options options);

    // What Redis says to the login; `unreachable` if it is not there.
    Result<void> greet();

    // Answers a request; false if the server's own function is to do it.
    bool answer(const Call& call, const Route& route);

    // Takes no more; waits for the answers of what it has taken. What is still out then is refused.
    void drain(std::chrono::steady_clock::time_point deadline);

private:
    struct Served;
    static const Served table[];

    void ping(const Call& call);
    void readyz(const Call& call);
    void health(const Call& call);
    void metrics(const Call& call);
    void listen(const std::stop_token& stop);
    void look_after(const std::stop_token& stop);
    void post_webhooks(JobQueue& queue);

    const Options options_;
    const std::string name_;
    std::atomic<bool> was_up_ = false;
    std::atomic<bool> up_ = false;  // Redis answered the last time
    std::atomic<bool> closing_ = false;
    QueueCrew crew_;
    Relays relays_;
    GatewayJobs jobs_;
    std::jthread listener_;   // hears news of jobs
    std::jthread caretaker_;  // says that this gateway lives, and looks at what no news came of; last member
};

}  // namespace vignette
