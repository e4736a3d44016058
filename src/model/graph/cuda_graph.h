// Recorder for a GPU: CUDA graphs, through torch. Private to the torch side of model/.
#pragma once

#include "model/graph/step_graphs.h"

namespace vignette {

// For one model, whose recordings share memory: they are replayed one after the other, on the stream that is
// current then. None where this was built without CUDA's headers.
Recorder cuda_recorder();

}  // namespace vignette
