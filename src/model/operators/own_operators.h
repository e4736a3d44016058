// Where a program only ever multiplies with a parameter, or looks rows up in it, that parameter may have
// fewer bytes: the program's calls become those of our own operators. So one program serves every precision,
// those that were exported before there were any, too. Attention, norms, turns and gates become operators of
// ours in the same way.
// Private to the torch side of model/.
#pragma once

#include <set>
#include <span>
#include <string>

#include "model/torch_lean.h"

namespace vignette {

// For a CPU: of questions about the device only that one answer is left. Before any of the functions ran.
// Returns the names of the parameters that may be narrow (operators/linear.h); all others must have the type
// that is computed in.
std::set<std::string, std::less<>> use_own_operators(
    const torch::jit::Module& module, std::span<torch::jit::Function* const> functions
);

}  // namespace vignette
