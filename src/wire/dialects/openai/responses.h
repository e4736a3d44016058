// POST /v1/responses: reads the request. Pure, for any thread.
#pragma once

#include "vignette/error.h"
#include "vignette/ids.h"
#include "vignette/limits.h"
#include "vignette/request.h"
#include "wire/json/reader.h"

namespace vignette {

Result<Request> read_responses(const PaddedText& text, const Limits& limits, JobId id);

}  // namespace vignette
