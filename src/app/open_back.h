// Opens the heavy back at run time and, through it, a captioner.
#pragma once

#include <memory>

#include "vignette/captioner.h"
#include "vignette/error.h"

namespace vignette {

// Takes as long as loading torch and the weights. The library stays loaded until the process ends, because
// torch does not survive being unloaded.
Result<std::unique_ptr<Captioner>> open_back(const CaptionerConfig& config);

}  // namespace vignette
