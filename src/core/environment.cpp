#include "core/environment.h"

#include <cstdlib>

namespace vignette {

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace vignette
