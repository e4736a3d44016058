// Puts a bundle's weights into its program, whose parameters have shapes but no values. Private to the torch
// side of model/.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "bundle/manifest.h"
#include "model/torch_lean.h"
#include "model/transfer/weights_move.h"
#include "vignette/error.h"

namespace vignette {

enum class WeightsStay {
    in_their_file,  // what has the wanted type is used where its file is mapped, and the module keeps the
                    // mapping
    on_the_device,  // read into memory of the device; the manifest's packs lie side by side
};

// Those of linear layers on a CPU that have another type than what is computed in.
struct NarrowWeights {
    Dtype type = Dtype::float32;
    std::set<std::string, std::less<>> names{};
};

struct WeightsPlace {
    at::Device device;
    WeightsStay stay = WeightsStay::in_their_file;
    NarrowWeights narrow{};
};

// Those that lie in their mapped files.
Result<MappedWeights> assign_weights(
    torch::jit::Module& module, const Manifest& manifest, const std::filesystem::path& bundle,
    const WeightsPlace& place
);

}  // namespace vignette
