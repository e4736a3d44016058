// The models that a server can name to its clients.
#pragma once

#include <vector>

#include "serve/services.h"
#include "vignette/captioner.h"

namespace vignette {

// All that have weights: the default captioner first, then the default embedder. No captioner where captions
// are switched off.
std::vector<ServedModel> served_models(const CaptionerConfig& config);

}  // namespace vignette
