// The paths of this program and its back library. Any thread.
#pragma once

#include <filesystem>

#include "vignette/error.h"

namespace vignette {

std::filesystem::path program_folder();

// libvignette-captioner.so beside the program, or in ../lib of an installation.
Result<std::filesystem::path> find_back();

// vignette-decoder beside the program.
Result<std::filesystem::path> find_decoder();

}  // namespace vignette
