// Rows of numbers from one type to another.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vignette {

void widen_float16(const std::uint16_t* bits, std::size_t count, float* values);
void widen_bfloat16(const std::uint16_t* bits, std::size_t count, float* values);

// In whole numbers from -limit to limit, rounded to the nearest, and to the even one of two. Returns the
// scale: 0 where all are zero or next to it, and not a number where one of them is not finite.
float to_whole(const float* values, std::size_t count, float limit, std::int16_t* whole);
float to_whole(const float* values, std::size_t count, float limit, std::int8_t* whole);

}  // namespace vignette
