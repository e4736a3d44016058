// A stop request as an error. Any thread.
#pragma once

#include <stop_token>

#include "vignette/error.h"

namespace vignette {

inline Error cancelled() {
    return {.code = ErrorCode::cancelled, .message = "the job was stopped", .field = {}};
}

// Fails with `cancelled` once a stop has been requested.
inline Result<void> unless_stopped(const std::stop_token& stop) {
    if (stop.stop_requested()) return std::unexpected(cancelled());
    return {};
}

}  // namespace vignette
