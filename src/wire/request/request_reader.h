// Reads one job event front to back, in one pass. Pure, for any thread.
#pragma once

#include <optional>

#include "vignette/error.h"
#include "vignette/ids.h"
#include "vignette/limits.h"
#include "vignette/request.h"
#include "wire/json/reader.h"

namespace vignette {

enum class IdLength { bounded, any };  // a client's own is bounded, the platform's must be kept as it is

struct ReadRequest {
    std::optional<JobId> id;  // as far as it was read: an error may have come before it
    Result<Request> request;
};

// Its text is shared by the pictures, not copied. May throw std::bad_alloc.
ReadRequest read_request(const PaddedText& text, const Limits& limits, IdLength id_length);

}  // namespace vignette
