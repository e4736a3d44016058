// Waiting that a stop ends early. Any thread.
#pragma once

#include <chrono>
#include <stop_token>

namespace vignette {

// False if a stop was requested meanwhile.
bool wait_for(std::chrono::milliseconds time, const std::stop_token& stop);

}  // namespace vignette
