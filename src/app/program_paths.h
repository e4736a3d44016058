// The paths of this program and its back library. Any thread.
#pragma once

#include <filesystem>
#include <vector>

#include "vignette/error.h"

namespace vignette {

std::filesystem::path program_folder();

// Where models/ and vignette.toml are looked for: the folder of an installation or of a clone, and the
// current one only if the program lies in it. Whatever else lies in the current folder may be a stranger's.
std::vector<std::filesystem::path> own_folders();

// libvignette-captioner.so beside the program, or in ../lib of an installation.
Result<std::filesystem::path> find_back();

// vignette-decoder beside the program.
Result<std::filesystem::path> find_decoder();

}  // namespace vignette
