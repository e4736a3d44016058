// Puts a bundle's files where they belong. Nothing but these files is ever changed or deleted.
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

// Into a folder that is there, each file all or nothing, the manifest, which makes it a bundle, as the last.
Result<void> write_into(const std::filesystem::path& folder, const std::vector<NamedContent>& files);

}  // namespace vignette
