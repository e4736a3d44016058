// The folders that may hold model bundles. Any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vignette {

// In the order in which they are searched: $VIGNETTE_MODELS, the program's own (own_folders()), those made by
// itself.
std::vector<std::filesystem::path> model_folders();
// Those of $VIGNETTE_MODELS that are not there.
std::vector<std::filesystem::path> missing_model_folders();
// The first of $VIGNETTE_MODELS, or the models/ of this program.
std::filesystem::path folder_of_new_models();
std::string list_text(const std::vector<std::filesystem::path>& folders);

// Where a worker makes bundles by itself, the best first: in this user's cache, and where that cannot be
// written among the temporary files. Each once it is there, model_folders() has them last.
std::vector<std::filesystem::path> made_bundle_folders();

bool is_bundle(const std::filesystem::path& folder);

}  // namespace vignette
