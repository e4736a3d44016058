// Checks of one field of a job; errors name the field. Stateless functions, for any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vignette/error.h"
#include "wire/json/reader.h"

namespace vignette {

inline constexpr std::int64_t whole_number_max = std::int64_t{1}
                                                 << 53;  // up to this JavaScript's numbers are exact

// In JSON 40 and 40.0 are the same number; 40.5, 1e999 and -1 are not whole numbers in our sense.
std::optional<std::int64_t> whole_number(std::string_view token);

// Infinity if the text is not a number or does not fit into a double.
double real_number(std::string_view token);

std::unexpected<Error> wrong_type(std::string_view path, std::string_view wanted, JsonKind got);

Result<void> check_name_length(std::string_view path, std::string_view name);  // of an id or a model's name

Result<bool> read_boolean(JsonReader& json, std::string_view path, JsonReader::Value& value);

// An id may be a number, which is used as text; null and "" count as absent.
Result<std::optional<std::string>> read_any_id(
    JsonReader& json, std::string_view path, JsonReader::Value& value
);

// For two fields that exclude each other; the second is blamed.
std::unexpected<Error> cannot_be_combined(std::string_view first_path, std::string_view second_path);

// Sets `seen`; an error if it was already set: there is no telling which of two values is meant.
Result<void> only_once(bool& seen, std::string_view path);

}  // namespace vignette
