// Waiting that ends early when it must. Any thread.
#pragma once

#include <chrono>
#include <stop_token>

namespace vignette {

// False when a stop was requested meanwhile.
bool wait_for(std::chrono::milliseconds time, const std::stop_token& stop);

// In [0, 1): spreads what would otherwise happen at the same moment everywhere.
double chance();

}  // namespace vignette
