// All bundles that can be found by name on this machine.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/manifest.h"
#include "vignette/error.h"

namespace vignette {

struct Bundle {
    std::filesystem::path folder;
    Result<Manifest>
        manifest;  // a damaged one is a bundle, too: somebody wants to know what is wrong with it

    std::string name() const { return folder.filename().string(); }
};

// In the order of model_folders(), by name in each. One that a namesake in an earlier folder hides is left
// out.
std::vector<Bundle> find_bundles();

// Those that wait for weights: `vignette models add` makes a bundle of one and a snapshot.
std::vector<Bundle> find_ready_bundles();

}  // namespace vignette
