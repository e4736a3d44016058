// The operator `vignette::attention` of TorchScript programs: aten's scaled_dot_product_attention, with a
// kernel of ours for the few queries of a decode step. On the CPU. Private to the torch side of model/.
#pragma once

#include <torch/library.h>

namespace vignette {

void define_attention(torch::Library& library);

}  // namespace vignette
