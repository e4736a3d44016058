// Makes a bundle of a ready one and a snapshot: what `vignette models add` does, and a worker by itself.
#pragma once

#include <expected>
#include <filesystem>
#include <vector>

#include "app/models/fit_bundle.h"
#include "app/options.h"
#include "vignette/error.h"

namespace vignette {

// A cache calls its files by their digests: to believe it saves reading 15 GB before a cold start's first
// job.
enum class Digests { computed, believed };

struct Added {
    Fit fit;
    std::filesystem::path folder;
    bool updated = false;  // the bundle was there before
};

// Of options.target, into options.bundle_folder. The errors are all that is wrong, each with what to do.
std::expected<Added, std::vector<Error>> add_bundle(const Options& options, Digests digests);

}  // namespace vignette
