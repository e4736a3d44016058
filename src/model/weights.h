// Puts a bundle's weights into its program, whose parameters have shapes but no values. Private to the torch
// side of model/.
#pragma once

#include <filesystem>

#include "bundle/manifest.h"
#include "model/torch_lean.h"
#include "vignette/error.h"

namespace vignette {

enum class WeightsStay {
    in_their_file,  // what has the wanted type is used where its file is mapped, and the module keeps the
                    // mapping
    on_the_device,  // read into memory of the device; the manifest's packs lie side by side
};

Result<void> assign_weights(
    torch::jit::Module& module, const Manifest& manifest, const std::filesystem::path& bundle,
    const at::Device& device, WeightsStay stay
);

}  // namespace vignette
