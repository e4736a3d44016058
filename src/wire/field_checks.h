// What one field of a job must be, told as an error that names the field. Pure functions, for any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "vignette/error.h"
#include "wire/json_reader.h"

namespace vignette {

inline constexpr std::int64_t whole_number_max = std::int64_t{1}
                                                 << 53;  // up to here JavaScript counts exactly

// 40 and 40.0 are the same number to JSON; 40.5, 1e999 and -1 are not lengths.
std::optional<std::int64_t> whole_number(std::string_view token);

std::unexpected<Error> wrong_type(std::string_view path, std::string_view wanted, JsonKind got);

Result<void> check_name_length(std::string_view path, std::string_view name);  // an id or a model's name

// Sets `seen`; an error if it was set: which of two values is meant cannot be known.
Result<void> only_once(bool& seen, std::string_view path);

}  // namespace vignette
