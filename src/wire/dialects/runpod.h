// The bodies that RunPod's platform and its workers exchange. Pure, for any thread.
//
// What is written is always valid JSON in valid UTF-8: the receiver may discard anything else.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"
#include "vignette/ids.h"
#include "vignette/limits.h"
#include "vignette/request.h"
#include "wire/answer/stream_event.h"

namespace vignette {

struct TakenJob {
    std::optional<JobId> id;  // without one, no one can be answered
    Result<Request> request;
};

// The answer to job-take (one object) or job-take-batch (an array). A job's id is found even if the rest of
// it is broken, and a broken job does not affect the others; only a body that is neither an object nor an
// array, or that was cut off, is an error. The limits apply to each job. The pictures of all jobs share
// `body`: nothing is copied if body.capacity() has 64 bytes to spare.
Result<std::vector<TakenJob>> read_taken_jobs(std::string body, const Limits& limits);

// The answer to job-stop: `{"jobsToStop": ["id", ...]}`. Elements that are not ids are skipped.
Result<std::vector<JobId>> read_jobs_to_stop(std::string_view body);

enum class StopPod { no, yes };  // asks the platform to replace this worker with a fresh one

struct WorkerIdentity {
    std::string hostname;
    std::string worker_id;
};

// A failure as the JSON text that the platform and its clients get as `error`.
std::string failure_text(const Error& error, const WorkerIdentity& worker);

// `{"output": ...}`; `output_json` must be JSON, as format_answer() writes it.
std::string format_done(std::string_view output_json, StopPod stop_pod);

// `{"error": "<JSON text>"}`: an error that is not a string would count as success.
std::string format_failed(const Error& error, const WorkerIdentity& worker, StopPod stop_pod);

// `{"status": "IN_PROGRESS", "output": {"done": 3, "count": 10}}`: the progress of a
// batch. A `count` of 0 is left out: how many frames a film has is known only at its end.
std::string format_progress(std::size_t done, std::size_t count);

// `{"index": 0, "text": "..."}` or `{"index": 0, "result": {...}}`; what is written already, as a string
std::string format_event(const StreamEvent& event);

// `{"output": {"events": [...]}}`; what is written already, joined: `{"output": "..."}`
std::string format_chunk(const std::vector<StreamEvent>& events);

}  // namespace vignette
