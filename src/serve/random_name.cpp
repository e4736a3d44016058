#include "serve/random_name.h"

#include <random>

#include "core/hex.h"

namespace vignette {

std::string random_name() {
    std::random_device device;
    std::string bytes;
    for (int i = 0; i < 16; ++i) bytes += static_cast<char>(device());
    return to_hex(bytes);
}

}  // namespace vignette
