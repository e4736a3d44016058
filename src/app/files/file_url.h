// file: addresses, for the command line alone: nobody who sends jobs can name one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"

namespace vignette {

bool is_web_url(std::string_view text);   // http: or https:, in any case
bool is_file_url(std::string_view text);  // file:

// The file's real path, with all links resolved. It must be under one of `roots`: else `forbidden_address`.
Result<std::filesystem::path> find_file(std::string_view url, const std::vector<std::string>& roots);

// A file as the command line names it: by its path, or by a file: address.
Result<std::filesystem::path> find_named(const std::string& name, const std::vector<std::string>& roots);

}  // namespace vignette
