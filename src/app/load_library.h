// Loads a library that brings others along, whose paths are not ours.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

namespace vignette {

// With nothing from the current folder, where some of CUDA's libraries look for the driver. It stays loaded
// until the process ends. Otherwise: what the system says.
std::expected<void*, std::string> load_library(const std::filesystem::path& path);

}  // namespace vignette
