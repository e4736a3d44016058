#include "engine/seeded_random.h"

namespace vignette {
namespace {

std::uint64_t mixed(std::uint64_t value) {  // the output function of splitmix64
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
}

constexpr std::uint64_t step = 0x9E3779B97F4A7C15U;  // 2^64 divided by the golden ratio

}  // namespace

// The seed is mixed first: neighbouring seeds must not be neighbouring places of one row of numbers.
double draw(std::uint64_t seed, std::uint64_t place) {
    const std::uint64_t bits = mixed(mixed(seed + step) + (place + 1) * step);
    return static_cast<double>(bits >> 11U) * 0x1p-53;
}

}  // namespace vignette
