// Vectors in the form that JSON needs. Pure functions, for any thread.
#pragma once

#include <span>
#include <string>

namespace vignette {

// The float with the fewest digits that still identify it: 0.1, not 0.10000000149011612.
double shortest(float value);

// The little-endian bytes of the float32 values, as base64: a quarter of the size, and exact.
std::string base64_of_floats(std::span<const float> values);

}  // namespace vignette
