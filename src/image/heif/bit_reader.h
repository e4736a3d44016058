// Reads a stream bit by bit, the highest bit of each byte first. Past the end it reads zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace vignette {

class BitReader {
public:
    explicit BitReader(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}

    std::uint32_t bit() {
        const std::size_t at = offset_++;
        if (at / 8 >= bytes_.size()) return 0;
        const std::uint32_t byte = bytes_[at / 8];
        return byte >> (7 - at % 8) & 1U;
    }
    bool flag() { return bit() == 1; }
    std::uint32_t number(int bits) {  // 0 to 32
        std::uint32_t value = 0;
        for (int i = 0; i < bits; ++i) value = value << 1 | bit();
        return value;
    }
    void skip(std::size_t count) { offset_ += count; }

    // Exponential-Golomb code: n zeros, a one, and n more bits.
    std::int64_t exponential() {
        int zeros = 0;
        while (zeros < 32 && bit() == 0) ++zeros;
        std::int64_t value = 1;
        for (int i = 0; i < zeros; ++i) value = value << 1 | bit();
        return value - 1;
    }

private:
    std::vector<std::uint8_t> bytes_;
    std::size_t offset_ = 0;
};

}  // namespace vignette
