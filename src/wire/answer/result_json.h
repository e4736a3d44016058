// One caption or failure as a line of JSON. Pure, for any thread.
//
// Always valid JSON, whatever the model or an error message contains: bad UTF-8 is replaced, and a number
// that is not finite becomes null.
#pragma once

#include <string>

#include "vignette/caption.h"
#include "vignette/error.h"

namespace vignette {

std::string format_result(const Result<Caption>& outcome);

}  // namespace vignette
