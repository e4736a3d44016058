// Writes what a ready bundle's manifest leaves open: which weights, which tokenizer. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/manifest.h"
#include "vignette/error.h"

namespace vignette {

struct ManifestEdit {
    std::string name;
    std::string source;          // hub id; empty: null
    std::optional<Dtype> dtype;  // empty: as it was
    std::string tokenizer_sha256;
    std::string folder;
    std::vector<WeightsFile> files;
};

// Everything else of the manifest stays as it is, in its order.
Result<std::string> edit_manifest(std::string_view manifest, const ManifestEdit& edit);

}  // namespace vignette
