// The process's environment. Any thread, as long as nobody changes it.
#pragma once

#include <string>

namespace vignette {

std::string variable(const char* name);  // empty where it is not set

}  // namespace vignette
