// A wait that a stop request ends early. Any thread.
#pragma once

#include <chrono>
#include <stop_token>

namespace vignette {

// False if a stop was requested.
bool wait_for(std::chrono::milliseconds time, const std::stop_token& stop);

}  // namespace vignette
