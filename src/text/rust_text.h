// A text that the Rust side made, taken over.
#pragma once

#include <string>

#include "vignette_rust.h"

namespace vignette {

inline std::string into_string(vig_text text) {
    std::string taken;
    if (text.size > 0) taken.assign(reinterpret_cast<const char*>(text.data), text.size);
    vig_text_free(text);
    return taken;
}

}  // namespace vignette
