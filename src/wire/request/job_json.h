// The way in: JSON text of one job event to a Request that is legal. Pure, for any thread.
#pragma once

#include <string>

#include "vignette/error.h"
#include "vignette/limits.h"
#include "vignette/request.h"

namespace vignette {

// `{"id": "...", "input": {...}}`; without an id it is "local". The pictures stay where they are in `body`:
// nothing of their size is copied if body.capacity() has 64 bytes to spare.
Result<Request> parse_request(std::string body, const Limits& limits);

}  // namespace vignette
