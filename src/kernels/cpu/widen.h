// Half-precision numbers as float32, which is exact.
#pragma once

#include <cstdint>
#include <cstring>

namespace vignette {

inline float float_of_bits(std::uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline std::uint32_t bits_of_float(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline float widen_bfloat16(std::uint16_t bits) { return float_of_bits(std::uint32_t{bits} << 16U); }

// Exponent and fraction go to their places in a float32, whose exponent counts from another zero: the product
// puts that right, for numbers below the normal ones as well. Without a branch, so that it can be done to
// many at once.
inline float widen_float16(std::uint16_t bits) {
    const std::uint32_t sign = std::uint32_t{bits & 0x8000U} << 16U;
    const std::uint32_t moved = std::uint32_t{bits & 0x7fffU} << 13U;
    const std::uint32_t endless = (bits & 0x7c00U) == 0x7c00U ? 0x7f800000U : 0U;
    return float_of_bits(bits_of_float(float_of_bits(moved) * 0x1p112F) | endless | sign);
}

}  // namespace vignette
