// Our own jobs as a form: pictures as files, options as fields by the names that they have in JSON. Pure, for
// any thread. docs/api/vignette-forms.md
#pragma once

#include <string>
#include <string_view>

#include "vignette/error.h"
#include "vignette/limits.h"
#include "wire/dialects/plain.h"

namespace vignette {

// A batch, even of one file: captions and vectors, where `task` does not say otherwise. Each item's id is its
// file's name.
Result<PlainRequest> read_plain_form(std::string_view content_type, std::string body, const Limits& limits);

}  // namespace vignette
