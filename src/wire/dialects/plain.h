// Our own jobs, as the server's plain routes take them: with or without "input" around the fields. Pure, for
// any thread. docs/api/vignette.md
#pragma once

#include <cstddef>
#include <string>

#include "vignette/error.h"
#include "vignette/limits.h"
#include "vignette/request.h"

namespace vignette {

struct PlainRequest {
    Request request;
    std::size_t bytes = 0;  // of the body
};

// `{"input": {...}}`, as RunPod's, or only what is inside.
Result<PlainRequest> read_plain(std::string body, const Limits& limits);

// The same, for captions and vectors, where the job does not say another task.
Result<PlainRequest> read_plain_batch(std::string body, const Limits& limits);

}  // namespace vignette
