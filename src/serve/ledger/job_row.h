// A job as it is written down, so that it outlives the process. Values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "serve/job_record.h"
#include "wire/dialects/endpoint.h"
#include "wire/json/reader.h"

namespace vignette {

using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;  // the epoch: it has not happened

// What changes in the course of a job.
struct JobFacts {
    JobState state = JobState::in_queue;
    int attempt = 1;
    int crashes = 0;  // how often the process did not outlive it
    WallTime queued, started, ended;
    std::string output_json;
    std::string error;
    bool keeps_input = true;    // for this attempt or another
    bool owes_webhook = false;  // the end has not been delivered yet
};

struct JobRow {
    std::string id;
    Submitted submitted = Submitted::to_poll;
    std::string tenant;
    WallTime expires;
    std::optional<PaddedText> body;  // if it is kept or owed
    JobFacts facts;
};

struct ChangedJob {
    std::string id;
    JobFacts facts;
};
struct DroppedInput {  // nobody can ask for another attempt
    std::string id;
};
struct DeliveredWebhook {  // or given up; says nothing about later attempts
    std::string id;
    int attempt = 0;
};
struct ForgottenJob {
    std::string id;
};
using LedgerChange = std::variant<JobRow, ChangedJob, DroppedInput, DeliveredWebhook, ForgottenJob>;

}  // namespace vignette
