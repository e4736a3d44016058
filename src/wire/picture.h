// The text of a picture: an http address, a data URL or plain base64. Looks at the head only: the bytes are
// fetched and decoded elsewhere.
// Pure functions, for any thread.
#pragma once

#include <string_view>

#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"

namespace vignette {

enum class PictureForm { any, address };

// An error names the field at `path`.
Result<ImageSource> read_picture(
    std::string_view path, const SharedText& text, const Limits& limits, PictureForm form = PictureForm::any
);

}  // namespace vignette
