// Base64 as strangers send it, to bytes: either alphabet, white space between, padding or none.
// Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

// bad_base64 with the first bad character, or too_large before anything is decoded. Empty text gives no
// bytes. The error has no field yet: see about().
Result<Bytes> decode_base64(std::string_view text, std::size_t bytes_max);

}  // namespace vignette
