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

inline float widen_bfloat16(std::uint16_t bits) { return float_of_bits(std::uint32_t{bits} << 16U); }

// Exponent and fraction go to their places in a float32, whose exponent counts from another zero: the product
// puts that right, for numbers below the normal ones as well.
inline float widen_float16(std::uint16_t bits) {
    const std::uint32_t sign = std::uint32_t{bits & 0x8000U} << 16U;
    const bool finite = (bits & 0x7c00U) != 0x7c00U;
    const std::uint32_t moved = std::uint32_t{bits & 0x7fffU} << 13U;
    if (!finite) return float_of_bits(sign | 0x7f800000U | moved);
    const float size = float_of_bits(moved) * 0x1p112F;
    return sign == 0 ? size : -size;
}

}  // namespace vignette
