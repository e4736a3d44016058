// The fastest kernels that this processor can run, or those that VIGNETTE_CPU names.
#pragma once

#include <span>

#include "kernels/cpu/task.h"

namespace vignette {

const Kernels& best_kernels();

// Whether they are worthwhile in float32, too, where aten has kernels of its own.
bool has_fast_kernels();

// All that this processor can run, the best first.
std::span<const Kernels* const> usable_kernels();

}  // namespace vignette
