// The public names of enumerators, what errors are in HTTP, and which are worth a
// retry. Pure functions, for any thread; the
// texts live as long as the process.
#pragma once

#include <string_view>

#include "vignette/bundle.h"
#include "vignette/caption.h"
#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/job.h"

namespace vignette {

std::string_view to_text(ErrorCode code);
std::string_view to_text(FinishReason reason);
std::string_view to_text(PixelPath path);
std::string_view to_text(ImageFormat format);
std::string_view to_text(Dtype dtype);
std::string_view to_text(Precision precision);

std::string_view to_text(Preset preset);

int http_status(ErrorCode code);
bool retryable(ErrorCode code);  // the same job may succeed later, unchanged

}  // namespace vignette
