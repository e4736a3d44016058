// `vignette serve --gateway`: a server without a model, whose requests go into a queue. docs/scale.md
#pragma once

#include "app/options.h"
#include "app/stop_signals.h"

namespace vignette {

// Until it is stopped; the process's exit code.
int serve_gateway(const Options& options, StopSignals& signals);

}  // namespace vignette
