// Whether a request can be carried out at all. Pure.
#pragma once

#include "engine/generation.h"
#include "vignette/error.h"
#include "vignette/model.h"

namespace vignette {

Result<void> check(const GenerationRequest& request, const ModelShape& shape);

}  // namespace vignette
