// The errors for refused pictures, worded once for all formats. Pure functions, for any thread.
#pragma once

#include <string_view>

#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

std::string_view name_of(ImageFormat format);

std::unexpected<Error> fail_no_known_picture();
std::unexpected<Error> fail_truncated(ImageFormat format);
std::unexpected<Error> fail_damaged(ImageFormat format, std::string_view how);

// For an unsupported format, or an unsupported variant of a known one. Without a remedy the message lists the
// supported formats.
std::unexpected<Error> fail_variant(std::string_view variant, std::string_view remedy = {});

}  // namespace vignette
