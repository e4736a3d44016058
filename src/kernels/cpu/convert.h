// Rows of float32 in whole numbers, times a scale. Rounded to the nearest, and to the even one of two.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vignette {

// From -limit to limit. Returns the scale: 0 where all are zero or next to it, and not a number where one of
// them is not finite.
float to_whole(const float* values, std::size_t count, float limit, std::int16_t* whole);
float to_whole(const float* values, std::size_t count, float limit, std::int8_t* whole);

}  // namespace vignette
