// Where things lie on this machine: this program, its back library, the bundles.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"

namespace vignette {

std::filesystem::path program_folder();

// libvignette-captioner.so beside the program, or in ../lib of an installation.
Result<std::filesystem::path> find_back();

// The folders that may hold bundles, the first to be asked first: $VIGNETTE_MODELS, ./models, the program's
// own.
std::vector<std::filesystem::path> model_folders();

// A bundle by its name in one of those folders. What a job may say: a stranger's path is never followed.
Result<std::filesystem::path> find_named_bundle(std::string_view name);

// By its path, or by its name. What the operator may say.
Result<std::filesystem::path> find_bundle(std::string_view name_or_path);

}  // namespace vignette
