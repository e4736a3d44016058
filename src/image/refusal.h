// The ways a picture is refused, worded once for all formats. Pure functions, for any thread.
#pragma once

#include <string_view>

#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

std::string_view name_of(ImageFormat format);

std::unexpected<Error> fail_no_known_picture();
std::unexpected<Error> fail_truncated(ImageFormat format);
std::unexpected<Error> fail_damaged(ImageFormat format, std::string_view how);

// A foreign format, or a kind of a known one, that is not decoded. Without a remedy it names the formats that
// are.
std::unexpected<Error> fail_variant(std::string_view variant, std::string_view remedy = {});

}  // namespace vignette
