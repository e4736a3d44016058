// Finds a model bundle by its name, its path or the hub's id of its checkpoint. Any thread.
#pragma once

#include <filesystem>
#include <string_view>

#include "vignette/error.h"

namespace vignette {

// A bundle by its name in one of those folders, or by the hub's id of its checkpoint. What a job may say: a
// stranger's path is never followed.
Result<std::filesystem::path> find_named_bundle(std::string_view name);

// By its path, or as above. What the operator may say; where there is only a snapshot, the error says how to
// make a bundle of it.
Result<std::filesystem::path> find_bundle(std::string_view name_or_path);

// The same for the sender of a job: the error lists the bundles by name, but not their paths.
Result<std::filesystem::path> find_bundle_of_job(std::string_view name);

// The same, and also one that waits for its weights.
Result<std::filesystem::path> find_bundle_or_ready(std::string_view name_or_path);

}  // namespace vignette
