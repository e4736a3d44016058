// SHA-256 of bytes and of files, and reading files whose digest is known. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "vignette/error.h"

namespace vignette {

std::string sha256_hex(std::span<const std::byte> bytes);  // 64 characters, lower case
std::string sha256_hex(std::string_view text);

// Reads in chunks, because the file may be larger than memory. `on_bytes` is called for each, on the caller's
// thread.
using OnBytes = std::function<void(std::size_t)>;
Result<std::string> sha256_hex_of_file(const std::filesystem::path& path, const OnBytes& on_bytes = {});

// A whole regular file. `bundle_invalid` if it cannot be read or is too long.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max);

// The same, but the file must have this digest. What was hashed is what is used, even if the file changes
// later.
Result<std::string> read_file_checked(
    const std::filesystem::path& path, std::string_view sha256, std::size_t bytes_max
);

}  // namespace vignette
