// Puts a bundle's weights into its program, whose parameters have shapes but no values. Private to the torch
// side of model/.
#pragma once

#include <filesystem>

#include "bundle/manifest.h"
#include "model/torch_lean.h"
#include "vignette/error.h"

namespace vignette {

// On the CPU, tensors that already have the wanted type are used in place in the mapped file; the
// module then keeps the mapping alive.
Result<void> assign_weights(
    torch::jit::Module& module, const Manifest& manifest, const std::filesystem::path& bundle,
    const at::Device& device
);

}  // namespace vignette
