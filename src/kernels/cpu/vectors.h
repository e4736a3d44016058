// Vectors of 16 floats that the compiler fits to each set of instructions. Private to the files
// multiply_*.cpp, like tiles.h, and in an unnamed namespace for the same reason.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace vignette {
namespace {

using Vec = float __attribute__((vector_size(64)));
using IntVec = std::int32_t __attribute__((vector_size(64)));
constexpr std::size_t vec_width = 16;

[[gnu::always_inline]] inline void load(Vec& to, const float* from) { std::memcpy(&to, from, sizeof to); }

// With zeros for what is missing of a vector.
[[gnu::always_inline]] inline void load_some(Vec& to, const float* from, std::size_t left) {
    if (left >= vec_width) return load(to, from);
    to = Vec{};
    std::memcpy(&to, from, left * sizeof(float));
}

// The exponential of numbers up to 0, to two units in the last place; of what no float could hold, 0. By
// powers of two, and the polynomial of Cephes for the rest.
[[gnu::always_inline]] inline void exponential(Vec& x) {
    constexpr float least = -87;
    constexpr float rounds = 12582912;  // so large that a float near it has no fraction
    constexpr std::int32_t rounds_bits = std::bit_cast<std::int32_t>(rounds);
    const Vec zero{};
    const Vec bounded = x < least ? zero + least : x;
    Vec power = bounded * 1.44269504F + rounds;
    const IntVec exponent = (__builtin_bit_cast(IntVec, power) - (rounds_bits - 127)) << 23;
    power -= rounds;
    const Vec rest = bounded - power * 0.693359375F + power * 2.12194440e-4F;
    Vec sum = rest * 1.9875691500e-4F + 1.3981999507e-3F;
    sum = sum * rest + 8.3334519073e-3F;
    sum = sum * rest + 4.1665795894e-2F;
    sum = sum * rest + 1.6666665459e-1F;
    sum = sum * rest + 5.0000001201e-1F;
    sum = sum * rest * rest + rest + 1.0F;
    x = x < least ? zero : sum * __builtin_bit_cast(Vec, exponent);
}

[[gnu::always_inline]] inline float total(const Vec& lanes) {
    float sum = 0;
    for (std::size_t i = 0; i < vec_width; ++i) sum += lanes[i];
    return sum;
}

}  // namespace
}  // namespace vignette
