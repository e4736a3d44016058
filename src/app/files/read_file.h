// Reading whole files of a bounded size.
#pragma once

#include <filesystem>
#include <string>

#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

// "-" is stdin. Errors name the file and the remedy.
Result<std::string> read_text_file(const std::filesystem::path& file, std::size_t bytes_max);
Result<Bytes> read_head(
    const std::filesystem::path& file, std::size_t bytes
);  // or the whole file if it is shorter
Result<Bytes> read_binary_file(const std::filesystem::path& file, std::size_t bytes_max);

}  // namespace vignette
