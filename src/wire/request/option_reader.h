// Reads one option of a caption. Stateless functions, for any thread.
#pragma once

#include <string_view>

#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"
#include "wire/json/reader.h"
#include "wire/request/option_fields.h"

namespace vignette {

// Sets the option's target in `options`. The value is not null; errors name `path`.
Result<void> read_option(
    JsonReader& json, const Limits& limits, std::string_view path, const Option& option,
    JsonReader::Value& value, CaptionOptions& options
);

// Copies one option.
void copy_option(const Option& option, const CaptionOptions& from, CaptionOptions& to);

}  // namespace vignette
