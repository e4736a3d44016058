// A random number that spreads retries, so that many workers do not all come back at the same moment. Any
// thread.
#pragma once

namespace vignette {

double jitter();  // in [0, 1)

}  // namespace vignette
