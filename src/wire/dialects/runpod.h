// The bodies that RunPod's platform and its workers send each other. Pure, for any thread.
//
// What is written is always valid JSON in valid UTF-8: whoever takes a result may throw away what is not.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vignette/error.h"
#include "vignette/ids.h"
#include "vignette/limits.h"
#include "vignette/request.h"

namespace vignette {

struct TakenJob {
    std::optional<JobId> id;  // without one there is nobody to answer
    Result<Request> request;
};

// The answer to job-take (one object) or job-take-batch (an array). A job's id is found even where the rest
// of it is broken, and a broken job spoils no other; an error is only a body that is neither object nor array
// or that was cut off. Limits are those of one job. The pictures of all jobs share `body`: nothing is copied
// if body.capacity() has 64 bytes to spare.
Result<std::vector<TakenJob>> read_taken_jobs(std::string body, const Limits& limits);

// The answer to job-stop: `{"jobsToStop": ["id", ...]}`. What is no id is left out.
Result<std::vector<JobId>> read_jobs_to_stop(std::string_view body);

enum class StopPod { no, yes };  // asks the platform to replace this worker by a fresh one

struct WorkerIdentity {
    std::string hostname;
    std::string worker_id;
};

// What a stream tells on its way: a few more words about a picture, or all that is to be said about it.
struct Piece {
    std::string text;
};
struct Finished {
    std::string result_json;  // of format_result()
};
struct StreamEvent {
    std::size_t index = 0;  // of the item in its request
    std::string id;         // the client's own; may be empty
    std::variant<Piece, Finished> what;
};

// `{"output": ...}`; `output_json` must be JSON: the text of format_answer().
std::string format_done(std::string_view output_json, StopPod stop_pod);

// `{"error": "<JSON text>"}`: an error that is no string would count as success.
std::string format_failed(const Error& error, const WorkerIdentity& worker, StopPod stop_pod);

// `{"status": "IN_PROGRESS", "output": {"done": 3, "count": 10}}`: how far a batch is;
// without a count where that is 0: a film tells only at its end how many frames it had.
std::string format_progress(std::size_t done, std::size_t count);

// `{"output": {"events": [...]}}`
std::string format_chunk(const std::vector<StreamEvent>& events);

}  // namespace vignette
