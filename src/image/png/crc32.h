// The checksum of PNG chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vignette {

std::uint32_t crc32(std::span<const std::byte> bytes);

}  // namespace vignette
