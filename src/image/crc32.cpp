#include "image/crc32.h"

#include <array>

namespace vignette {
namespace {

// Eight bytes at a time: byte by byte took 6 % of a PNG's decoding time.
constexpr std::size_t stride = 8;
using Tables = std::array<std::array<std::uint32_t, 256>, stride>;

constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t value = 0; value < 256; ++value) {
        std::uint32_t crc = value;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? 0xEDB88320U ^ (crc >> 1) : crc >> 1;
        tables[0][value] = crc;
    }
    for (std::size_t later = 1; later < stride; ++later) {
        for (std::size_t value = 0; value < 256; ++value) {
            const std::uint32_t crc = tables[later - 1][value];
            tables[later][value] = tables[0][crc & 0xFFU] ^ (crc >> 8);
        }
    }
    return tables;
}

constexpr Tables tables = make_tables();

}  // namespace

std::uint32_t crc32(std::span<const std::byte> bytes) {
    std::uint32_t crc = 0xFFFFFFFFU;
    for (; bytes.size() >= stride; bytes = bytes.subspan(stride)) {
        std::uint32_t next = 0;
        for (std::size_t i = 0; i < stride; ++i) {
            const std::uint32_t before = i < 4 ? crc >> (8 * i) : 0;
            next ^= tables[stride - 1 - i][(before ^ std::to_integer<std::uint32_t>(bytes[i])) & 0xFFU];
        }
        crc = next;
    }
    for (const std::byte byte : bytes)
        crc = tables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xFFU] ^ (crc >> 8);
    return ~crc;
}

}  // namespace vignette
