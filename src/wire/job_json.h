// The way in: JSON text of one job event to a Job that is legal. Pure, for any thread.
#pragma once

#include <string>

#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

// `{"id": "...", "input": {...}}`; without an id it is "local". The picture stays where it is in `body`:
// nothing of its size is copied if body.capacity() has 64 bytes to spare.
Result<Job> parse_job(std::string body, const Limits& limits);

}  // namespace vignette
