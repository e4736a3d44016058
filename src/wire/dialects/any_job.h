// Jobs whoever's words they are in: our own, or those of an API that a job's input passes on. Pure, for any
// thread.
#pragma once

#include <string>

#include "vignette/error.h"
#include "vignette/limits.h"
#include "vignette/request.h"
#include "wire/json/reader.h"
#include "wire/request/request_reader.h"

namespace vignette {

// As read_request(), and also `{"input": {"openai_route": "/v1/chat/completions", "openai_input": {...}}}`.
// The pictures share the text instead of copying it. `otherwise` is the id of a job that names none. May
// throw std::bad_alloc.
ReadRequest read_any_job(
    const PaddedText& text, const Limits& limits, const RequestForm& form, const JobId& otherwise = {"local"}
);

// `{"id": "...", "input": {...}}`; the id defaults to "local". The pictures stay in place in `body`:
// none is copied if body.capacity() has 64 bytes to spare.
Result<Request> parse_request(std::string body, const Limits& limits);

}  // namespace vignette
