// Names that nobody else has, as hexadecimal digits. Not for secrets. Any thread.
#pragma once

#include <cstddef>
#include <string>

namespace vignette {

std::string random_hex(std::size_t bytes);

}  // namespace vignette
