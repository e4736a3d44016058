// The text of a picture: a data URL or plain base64. Looks at the head only; the bytes are decoded elsewhere.
// Pure functions, for any thread.
#pragma once

#include <string_view>

#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/job.h"

namespace vignette {

// An error names the field at `path`.
Result<Base64Image> read_picture(std::string_view path, const SharedText& text);

}  // namespace vignette
