// The process's environment. Any thread, as long as no one changes it.
#pragma once

#include <string>

namespace vignette {

std::string variable(const char* name);  // empty if not set

}  // namespace vignette
