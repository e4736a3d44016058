// Rules for the rows of a step, applied on the device. Private to choose*.cpp.
#pragma once

#include <span>

#include "model/torch_lean.h"
#include "vignette/model.h"

namespace vignette {

// `rows` is [rows of all choices, vocabulary] and contiguous; it is changed in place. How many calls this
// takes depends on which kinds of rules there are, not on how many rows have them.
void apply_rules(const at::Tensor& rows, std::span<const Choice> choices);

}  // namespace vignette
