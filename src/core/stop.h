// Requests to stop, heeded between two steps and while waiting. Any thread.
#pragma once

#include <chrono>
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

void wait_for_stop(const std::stop_token& stop);

// False, and early, if a stop is requested.
bool wait_for(std::chrono::milliseconds time, const std::stop_token& stop);

}  // namespace vignette
