// A random number that spreads out retries, so that many workers do not all retry at the same moment. Any
// thread.
#pragma once

namespace vignette {

double jitter();  // in [0, 1)

}  // namespace vignette
