// What a file is, told by its first bytes; a file's name and its declared media type are never looked at.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

// A format that is decoded here, or an error that says what the file is instead and what to send.
Result<ImageFormat> sniff(std::span<const std::byte> encoded);

std::string_view name_of(ImageFormat format);

// Failures every format has.
std::unexpected<Error> fail_no_known_picture();
std::unexpected<Error> fail_truncated(ImageFormat format);
std::unexpected<Error> fail_damaged(ImageFormat format, std::string_view how);
// A kind of a known format that is not decoded.
std::unexpected<Error> fail_variant(std::string_view variant, std::string_view remedy = {});

}  // namespace vignette
