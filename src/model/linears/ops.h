// The operators `vignette::linear`, `vignette::linear_out` and `vignette::embedding` of TorchScript programs:
// what aten's compute, with weights that may have fewer bytes than their inputs (kernels/cpu/linear.h). On
// the CPU. Private to the torch side of model/.
#pragma once

#include "kernels/cpu/linear.h"
#include "model/torch_lean.h"

namespace vignette {

// Before a program that calls them is loaded or changed. They belong to the process; calling it again does
// nothing.
void register_linear_ops();

// Weights [results, columns] as the operators take them: `type` is a half-precision one, or int8. Where
// nothing changes, the same tensor.
at::Tensor narrow_weights(const at::Tensor& weights, Dtype type);

// Whether narrow_weights() can.
bool can_be_narrow(at::IntArrayRef shape);

}  // namespace vignette
