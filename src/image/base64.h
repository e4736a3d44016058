// Decodes base64 as clients send it: either alphabet, white space anywhere, with or without padding.
// Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

// bad_base64 names the first bad character; too_large is reported before anything is decoded. Empty text
// gives no bytes. The error has no field yet: see about().
Result<Bytes> decode_base64(std::string_view text, std::size_t bytes_max);

}  // namespace vignette
