// Writes a bundle's files. No other file is ever changed or deleted.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vignette/error.h"

namespace vignette {

struct NamedContent {
    std::string name;
    std::string content;
};

// As a new folder, all or nothing.
Result<void> write_bundle(const std::filesystem::path& folder, const std::vector<NamedContent>& files);

// Into an existing folder, each file all or nothing. The manifest, which makes it a bundle, comes last.
Result<void> write_into(const std::filesystem::path& folder, const std::vector<NamedContent>& files);

}  // namespace vignette
