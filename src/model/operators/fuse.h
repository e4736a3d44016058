// Several calls of aten's that a CPU would do one after the other become one of our operators: norms, the
// turns of positions, gates (operators/between.h). Private to the torch side of model/.
#pragma once

#include <torch/csrc/jit/ir/ir.h>

#include <memory>

namespace vignette {

void fuse_between(const std::shared_ptr<torch::jit::Graph>& graph);

}  // namespace vignette
