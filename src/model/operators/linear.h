// The operators `vignette::linear`, `vignette::linear_out` and `vignette::embedding` of TorchScript programs:
// what aten's compute, with weights that may have fewer bytes than their inputs (kernels/cpu/linear.h). On
// the CPU. Private to the torch side of model/.
#pragma once

#include <functional>

#include "kernels/cpu/linear.h"
#include "model/torch_lean.h"

namespace vignette {

// Before a program that calls them is loaded or changed. They belong to the process; calling it again does
// nothing.
void register_linear_ops();

// Weights [results, columns] as the operators take them, in a tensor that `make` gives. Where nothing
// changes, the same tensor.
using MakeTensor = std::function<at::Tensor(at::IntArrayRef shape, at::ScalarType type)>;
at::Tensor narrow_weights(const at::Tensor& weights, Dtype type, const MakeTensor& make);

// Whether narrow_weights() can.
bool can_be_narrow(at::IntArrayRef shape);

}  // namespace vignette
