// Names that nobody can guess. Any thread.
#pragma once

#include <string>

namespace vignette {

std::string random_name();  // 32 hex digits

}  // namespace vignette
