// The operators `vignette::norm`, `vignette::turn` and `vignette::gate` of TorchScript programs: what a
// decoder computes between its products, each in one call instead of two to eight. On the CPU. Private to the
// torch side of model/.
#pragma once

#include <torch/library.h>

namespace vignette {

void define_between(torch::Library& library);

}  // namespace vignette
