// What one field of a job must be, told as an error that names the field. Functions without a state, for any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vignette/error.h"
#include "wire/json/reader.h"

namespace vignette {

inline constexpr std::int64_t whole_number_max = std::int64_t{1}
                                                 << 53;  // up to here JavaScript counts exactly

// 40 and 40.0 are the same number to JSON; 40.5, 1e999 and -1 are not lengths.
std::optional<std::int64_t> whole_number(std::string_view token);

// Infinite where the text is a number that no double can hold.
double real_number(std::string_view token);

std::unexpected<Error> wrong_type(std::string_view path, std::string_view wanted, JsonKind got);

Result<void> check_name_length(std::string_view path, std::string_view name);  // an id or a model's name

Result<bool> read_boolean(JsonReader& json, std::string_view path, JsonReader::Value& value);

// An id may be a number, which is its text then; null and "" are none.
Result<std::optional<std::string>> read_any_id(
    JsonReader& json, std::string_view path, JsonReader::Value& value
);

// Two fields that exclude each other; the second is to blame.
std::unexpected<Error> cannot_be_combined(std::string_view first_path, std::string_view second_path);

// Sets `seen`; an error if it was set: which of two values is meant cannot be known.
Result<void> only_once(bool& seen, std::string_view path);

}  // namespace vignette
