#include "kernels/cpu/convert.h"

#include <cmath>
#include <limits>

#include "kernels/cpu/widen.h"

namespace vignette {
namespace {

struct Range {
    float largest = 0;  // of all sizes
    bool finite = true;
};

Range range_of(const float* values, std::size_t count) {
    constexpr std::size_t lanes = 16;  // that the compiler may take at once
    float largest[lanes] = {};
    float zeros[lanes] = {};  // stay so unless a value is infinite or none
    std::size_t at = 0;
    for (; at + lanes <= count; at += lanes) {
        for (std::size_t i = 0; i < lanes; ++i) {
            const float size = std::abs(values[at + i]);
            largest[i] = size > largest[i] ? size : largest[i];
            zeros[i] += values[at + i] * 0;
        }
    }
    for (; at < count; ++at) {
        const float size = std::abs(values[at]);
        largest[0] = size > largest[0] ? size : largest[0];
        zeros[0] += values[at] * 0;
    }
    Range range;
    for (const float one : largest) range.largest = one > range.largest ? one : range.largest;
    for (const float one : zeros) range.finite = range.finite && one == 0;
    return range;
}

template <class Whole>
float round_all(const float* values, std::size_t count, float limit, Whole* whole) {
    // Its distance to the next float32 is 1: adding it rounds as the processor does.
    constexpr float rounder = 0x1.8p23F;
    const Range range = range_of(values, count);
    const bool tiny =
        range.largest < std::numeric_limits<float>::min() * 0x1p20F;  // the quotient must be finite
    if (!range.finite || tiny) {
        for (std::size_t i = 0; i < count; ++i) whole[i] = 0;
        return range.finite ? 0 : std::numeric_limits<float>::quiet_NaN();
    }
    const float factor = limit / range.largest;
    for (std::size_t i = 0; i < count; ++i) {
        const float rounded = (values[i] * factor + rounder) - rounder;
        whole[i] = static_cast<Whole>(static_cast<std::int32_t>(rounded));
    }
    return range.largest / limit;
}

}  // namespace

void widen_float16(const std::uint16_t* bits, std::size_t count, float* values) {
    for (std::size_t i = 0; i < count; ++i) values[i] = widen_float16(bits[i]);
}

void widen_bfloat16(const std::uint16_t* bits, std::size_t count, float* values) {
    for (std::size_t i = 0; i < count; ++i) values[i] = widen_bfloat16(bits[i]);
}

float to_whole(const float* values, std::size_t count, float limit, std::int16_t* whole) {
    return round_all(values, count, limit, whole);
}

float to_whole(const float* values, std::size_t count, float limit, std::int8_t* whole) {
    return round_all(values, count, limit, whole);
}

}  // namespace vignette
