// Opens the heavy back at run time and, through it, a captioner.
#pragma once

#include <memory>
#include <stop_token>

#include "vignette/captioner.h"
#include "vignette/error.h"

namespace vignette {

// Takes as long as loading torch and the weights. The library stays loaded until the process ends, because
// torch does not survive being unloaded.
Result<std::unique_ptr<Captioner>> open_back(const CaptionerConfig& config);

// Loading cannot be interrupted, and until it is done no job has begun: a stop ends the process.
Result<std::unique_ptr<Captioner>> open_back_unless_stopped(
    const CaptionerConfig& config, const std::stop_token& stop
);

}  // namespace vignette
