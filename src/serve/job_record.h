// What the store knows of one job. Values; the store's lock guards them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "core/deadlines.h"
#include "vignette/origin.h"
#include "wire/dialects/endpoint.h"
#include "wire/json/reader.h"

namespace vignette {

// How it was handed in: /run, /runsync (whose results are kept for less long), or RunPod's local server.
enum class Submitted { to_poll, to_wait, to_test };

// Called by whichever comes first, an event or a deadline; holds nothing from then on.
class Once {
public:
    explicit Once(std::function<void()> call) : call_(std::move(call)) {}
    void operator()() {
        if (called_.exchange(true)) return;
        std::exchange(call_, {})();
    }
    bool called() const { return called_; }

private:
    std::function<void()> call_;
    std::atomic<bool> called_ = false;
};

enum class Until { ended, news };

struct JobWaiter {
    Until what;
    std::shared_ptr<Once> then;
    Deadlines::Ticket end;
};

struct JobRecord {
    using Clock = Deadlines::Clock;

    std::string id;
    Submitted submitted = Submitted::to_poll;
    std::string tenant;
    Origin origin;
    std::optional<PaddedText> body;  // until nobody can ask for another attempt
    Submission submission;           // refers to the body
    std::stop_source stop;           // of this attempt
    int attempt = 0;
    JobState state = JobState::in_queue;
    Clock::time_point queued, started, ended, expires;
    std::string output_json;
    std::string error;
    std::vector<StreamEvent> events;
    std::vector<JobWaiter> waiters;
    Deadlines::Ticket execution_end, life_end, keep_end;

    // With a ledger:
    bool entered = false;    // it knows the job
    bool recovered = false;  // taken over from an earlier process
    int crashes = 0;         // how many processes have not outlived this job
    int unwritten = 0;       // changes that are not on the disk yet
    std::vector<std::function<void()>> until_written;
    std::function<void()> tell_end;  // where it ended before it was entered
};

std::string random_job_id(Submitted submitted);
JobStatus status_of(const JobRecord& record, const std::string& worker_id);
std::size_t bytes_of_results(const JobRecord& record);

}  // namespace vignette
