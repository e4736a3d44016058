// RunPod's public API, as its clients speak it: what they submit, and what they are told of their jobs. Pure,
// for any thread. docs/api/runpod.md
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"
#include "vignette/limits.h"
#include "wire/answer/stream_event.h"
#include "wire/json/reader.h"

namespace vignette {

enum class JobState { in_queue, in_progress, completed, failed, cancelled, timed_out };
std::string_view to_text(JobState state);  // "IN_QUEUE"
inline bool is_final(JobState state) { return state >= JobState::completed; }

// Everything about a job but what it asks for.
struct Submission {
    std::string webhook;  // empty: none
    std::chrono::milliseconds execution_time_max{600'000};
    std::chrono::milliseconds time_to_live{std::chrono::hours(24)};
    bool low_priority = false;
    std::string_view input;  // its JSON, inside the text that was read
};

// `{"input": {...}, "webhook": "...", "policy": {...}}`. What "input" holds is not looked at.
struct PolicyBounds {  // RunPod's own
    std::chrono::milliseconds execution_time_min{5'000};
    std::chrono::milliseconds time_to_live_min{10'000};
    std::chrono::milliseconds most{std::chrono::hours(7 * 24)};  // of either
};
Result<Submission> read_submission(
    const PaddedText& text, const Limits& limits, const PolicyBounds& bounds = {}
);

struct JobStatus {
    std::string id;
    JobState state = JobState::in_queue;
    std::optional<std::int64_t> delay_ms;      // once it was begun
    std::optional<std::int64_t> execution_ms;  // once it has ended
    std::string output_json;                   // empty: none yet
    std::string error;                         // of a failed job; empty: none
    int retries = 0;
    std::string worker_id;
};

std::string format_status(const JobStatus& status);

// The status object with what a webhook is told on top of it.
std::string format_webhook(const JobStatus& status, std::string_view input_json, std::string_view webhook);

// `{"status": ..., "stream": [{"output": ...}]}`
std::string format_stream(const JobStatus& status, const std::vector<StreamEvent>& events);
// The same of what format_chunk() has written.
std::string format_stream_of_chunks(const JobStatus& status, const std::vector<std::string>& chunks);

struct JobCounts {
    std::size_t completed = 0;
    std::size_t failed = 0;
    std::size_t in_progress = 0;
    std::size_t in_queue = 0;
    std::size_t retried = 0;
};
struct WorkerCounts {  // of one: this process
    bool loading = false;
    bool busy = false;
    bool broken = false;
};
std::string format_health(const JobCounts& jobs, const WorkerCounts& worker);
// Of several, of which at most as many run something as there are jobs in progress.
std::string format_health_of_many(const JobCounts& jobs, std::size_t workers);

// `{"detail": [{"type": ..., "loc": ["body", "input"], "msg": ...}]}`: why RunPod's local server refuses a
// body.
std::string format_detail(const Error& error);

}  // namespace vignette
