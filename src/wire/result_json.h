// The way out: a caption or a failure as one line of JSON. Pure, for any thread.
#pragma once

#include <string>

#include "vignette/caption.h"
#include "vignette/error.h"

namespace vignette {

// Always valid JSON, whatever the model or an error message wrote: bad UTF-8 is replaced.
std::string format_result(const Result<Caption>& outcome);

}  // namespace vignette
