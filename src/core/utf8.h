// Repairs broken UTF-8. Pure, for any thread.
#pragma once

#include <string>
#include <string_view>

namespace vignette {

// The text with U+FFFD in place of every byte that is not valid UTF-8, such as overlong forms and surrogates.
std::string valid_utf8(std::string_view text);

}  // namespace vignette
