// An answer as bytes that are read back by the same version of the program. Pure, for any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vignette/caption.h"

namespace vignette {

// Without its times.
std::string to_bytes(const Caption& caption);

// Nothing where to_bytes() could not have written it.
std::optional<Caption> caption_from(std::string_view bytes);

}  // namespace vignette
