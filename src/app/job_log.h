// The one log line of a job.
#pragma once

#include <string_view>

#include "vignette/caption.h"
#include "vignette/error.h"

namespace vignette {

// Never the picture, the prompt or the caption: they are the user's.
void log_job(std::string_view id, const Result<Caption>& outcome);

}  // namespace vignette
