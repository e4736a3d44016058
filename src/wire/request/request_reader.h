// Reads one job event front to back, in one pass. Pure, for any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vignette/error.h"
#include "vignette/ids.h"
#include "vignette/job.h"
#include "vignette/limits.h"
#include "vignette/request.h"
#include "wire/json/reader.h"

namespace vignette {

enum class IdLength { bounded, any };  // a client's id is bounded, the platform's must be kept unchanged

struct RequestForm {
    IdLength id_length = IdLength::bounded;
    bool may_be_bare = false;   // the fields may come without "input" around them
    Task task = Task::caption;  // of a job that names none
};

// A job that is a request to another API, which is not read here.
struct ForeignRequest {
    std::string route;      // "/v1/chat/completions"
    std::string_view body;  // its JSON, inside the text that was read; empty: there is none
};

struct ReadRequest {
    std::optional<JobId> id;  // absent if an error came before it
    Result<Request> request;
    std::optional<ForeignRequest> foreign = {};
};

// The pictures share the text instead of copying it. May throw std::bad_alloc.
ReadRequest read_request(const PaddedText& text, const Limits& limits, const RequestForm& form);

}  // namespace vignette
