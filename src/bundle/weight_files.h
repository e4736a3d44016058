// The safetensors files of a model, searched by the names that its program has. Immutable after opening, for
// any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/manifest.h"
#include "bundle/safetensors.h"
#include "vignette/error.h"

namespace vignette {

struct FoundTensor {
    const Safetensors* file = nullptr;
    const TensorView* view = nullptr;
};

class WeightFiles {
public:
    void add(Safetensors file) { files_.push_back(std::move(file)); }

    // Under its own name or the one it is tied to, or else under the first renamed one that a file has.
    std::optional<FoundTensor> find(const std::string& parameter, const WeightsSpec& spec) const;

private:
    std::optional<FoundTensor> find_exact(std::string_view name) const;

    std::vector<Safetensors> files_;
};

// One that must have the manifest's size.
Result<Safetensors> open_weight_file(const std::filesystem::path& folder, const WeightsFile& named);

// All of a bundle whose weights are here.
Result<WeightFiles> open_weight_files(const Manifest& manifest, const std::filesystem::path& bundle);

std::filesystem::path weights_folder(const Manifest& manifest, const std::filesystem::path& bundle);

}  // namespace vignette
