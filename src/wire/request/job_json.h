// Turns the JSON text of one job event into a valid Request. Pure, for any thread.
#pragma once

#include <string>

#include "vignette/error.h"
#include "vignette/limits.h"
#include "vignette/request.h"

namespace vignette {

// `{"id": "...", "input": {...}}`; the id defaults to "local". The pictures stay in place in `body`:
// none is copied if body.capacity() has 64 bytes to spare.
Result<Request> parse_request(std::string body, const Limits& limits);

}  // namespace vignette
