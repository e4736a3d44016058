#include "vignette/bytes.h"

template class std::vector<std::byte, vignette::BufferAllocator<std::byte>>;
template class std::vector<std::uint8_t, vignette::BufferAllocator<std::uint8_t>>;
