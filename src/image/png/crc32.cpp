#include "image/png/crc32.h"

#include <libdeflate.h>

namespace vignette {

std::uint32_t crc32(std::span<const std::byte> bytes) {
    return libdeflate_crc32(0, bytes.data(), bytes.size());
}

}  // namespace vignette
