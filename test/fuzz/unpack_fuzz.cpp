// Untrusted compressed content, in pieces: no more than the limit ever comes out, and nothing after the end.
#include <algorithm>
#include <cstdint>

#include "net/fetch/unpack.h"
#include "vignette/invariant.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t bytes_max = 64 * vignette::KiB;
    if (size == 0) return 0;
    const std::size_t piece = data[0] + std::size_t{1};
    vignette::Unpacker unpacker;
    vignette::Bytes content;
    for (std::size_t at = 1; at < size; at += piece) {
        const auto* from = reinterpret_cast<const char*>(data) + at;
        const std::size_t bytes = std::min(piece, size - at);
        const vignette::Unpacked unpacked = unpacker.feed(from, bytes, content, bytes_max);
        if (unpacked == vignette::Unpacked::too_large) {
            ASSERT(content.size() == bytes_max + 1);
            return 0;
        }
        ASSERT(content.size() <= bytes_max);
        ASSERT(unpacker.is_at_end() == (unpacked == vignette::Unpacked::end));
        if (unpacked != vignette::Unpacked::more) return 0;
    }
    return 0;
}
