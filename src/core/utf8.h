// Text that may be broken, made whole. Pure, for any thread.
#pragma once

#include <string>
#include <string_view>

namespace vignette {

// The text with U+FFFD in place of whatever is not UTF-8; overlong forms and surrogates are not.
std::string valid_utf8(std::string_view text);

}  // namespace vignette
