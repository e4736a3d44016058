// The text of a picture: a data URL or plain base64. Looks at the head only; the bytes are decoded elsewhere.
// Pure functions, for any thread.
#pragma once

#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/job.h"

namespace vignette {

// The error has no field yet and its message starts with a verb: "is empty; ...". See JobReader.
Result<Base64Image> read_picture(const SharedText& text);

}  // namespace vignette
