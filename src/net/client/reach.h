// Is anybody there? A connection to where an address points, and nothing sent on it. Any thread.
#pragma once

#include <chrono>
#include <string>

#include "vignette/error.h"

namespace vignette {

// With TLS where the address is https://. Tried three times within the time.
Result<void> reach(const std::string& url, std::chrono::milliseconds timeout);

}  // namespace vignette
