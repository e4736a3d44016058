// The folders that may hold model bundles. Any thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vignette {

// In the order in which they are searched: $VIGNETTE_MODELS, ./models, the program's own.
std::vector<std::filesystem::path> model_folders();
std::string list_text(const std::vector<std::filesystem::path>& folders);

bool is_bundle(const std::filesystem::path& folder);

}  // namespace vignette
