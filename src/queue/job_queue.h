// The steps of a job in Redis, each of which happens as a whole or not at all: docs/scale.md. One connection,
// so one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "queue/redis.h"
#include "vignette/error.h"
#include "wire/dialects/endpoint.h"

namespace vignette {

// What a worker is to do: run a job of RunPod's API, or answer an HTTP request.
enum class WorkKind { job, request };

struct NewWork {
    std::string id;
    WorkKind kind = WorkKind::job;
    std::string head;  // of a request: request_text()
    std::string body;
    std::string tenant;
    std::string gateway;  // whose going away ends it; empty: it is run in any case
    std::string webhook;
    bool low_priority = false;
    std::chrono::milliseconds execution_max{600'000};
    std::chrono::milliseconds life{std::chrono::hours(24)};
    std::chrono::milliseconds keep{1'800'000};  // once it has ended
};

struct TakenWork {
    std::string id;
    std::string attempt;  // what tells it from an earlier one of the same job
    WorkKind kind = WorkKind::job;
    std::string head;
    std::string body;
    std::string tenant;
    std::chrono::milliseconds execution_max{};
};

struct WorkNews {
    JobStatus status;
    std::string attempt;
    std::size_t unread = 0;  // events
    std::vector<std::string> events;
};

struct WorkEnd {
    JobState state = JobState::completed;
    std::string output;
    std::string error;
};

struct QueueStats {
    std::size_t waiting = 0;
    std::size_t in_hand = 0;
    std::chrono::milliseconds oldest_waits{};
    JobCounts counts;
    std::size_t dead = 0;
    std::size_t workers = 0;
    std::size_t bytes = 0;
    std::size_t bytes_max = 0;  // 0: no bound
};

class JobQueue {
public:
    explicit JobQueue(const QueueAddress& address) : redis_(address) {}

    // What gateways do. Again with the same id is the same job; `overloaded` if the queue is full.
    Result<void> submit(const NewWork& work, int jobs_max);
    Result<std::optional<WorkNews>> peek(const std::string& id);
    Result<std::optional<WorkNews>> drain(const std::string& id);
    Result<std::optional<WorkNews>> follow(
        const std::string& id, const std::string& attempt, std::size_t from
    );
    Result<std::string> tenant_of(const std::string& id);  // empty: of nobody, or there is no such job
    enum class From { any_state, queue };
    Result<std::optional<JobState>> cancel(const std::string& id, From from);
    Result<void> retry(const std::string& id);   // `not_found` if it is not known
    Result<std::vector<std::string>> waiting();  // ids, the oldest first
    Result<QueueStats> stats();
    Result<void> show_gateway(const std::string& gateway);  // that it lives, for a minute
    struct Webhook {
        std::string url;
        std::string body;  // of the job's submission
        JobStatus status;
    };
    Result<std::optional<Webhook>> take_webhook();

    // What workers do.
    Result<void> join();  // makes the group unless it is there
    Result<std::vector<TakenWork>> take(const std::string& worker, int most, bool low_first);
    Result<std::vector<TakenWork>> take_over(
        const std::string& worker, int most, std::chrono::milliseconds idle_min
    );
    // False: this attempt is no longer the worker's. `too_large`: nobody reads what is said.
    struct Held {
        std::string worker, id, attempt;
        std::size_t said = 0;  // texts that arrived before
    };
    Result<bool> say(const Held& held, const std::string& progress, const std::vector<std::string>& texts);
    Result<bool> finish(const Held& held, const WorkEnd& end, const std::vector<std::string>& texts);
    // Whether an attempt that is handed back counts as one of the three.
    enum class Attempt { forgiven, counted };
    Result<void> hand_back(const Held& held, Attempt attempt);
    Result<std::vector<std::string>> renew(
        const std::string& worker, const std::vector<std::pair<std::string, std::string>>& held
    );  // which are lost
    Result<void> leave(const std::string& worker);

private:
    std::string key(std::string_view name) const { return redis_.prefix() + std::string(name); }
    Result<std::optional<WorkNews>> fetch(
        const std::string& id, std::string_view how, const std::string& attempt, std::size_t from
    );
    Result<void> begin(
        const std::string& worker, const std::string& stream, const RedisReply& entry,
        std::vector<TakenWork>& taken
    );
    Result<std::vector<TakenWork>> begin_all(const std::string& worker, const RedisReply& streams);

    RedisConnection redis_;
};

}  // namespace vignette
