// Random numbers for sampling: the same seed gives the same numbers, whatever runs beside the sequence.
// Pure: a number belongs to its place in the sequence, so a step that is run again draws it again.
#pragma once

#include <cstdint>

namespace vignette {

// Evenly distributed, from 0 to below 1.
double draw(std::uint64_t seed, std::uint64_t place);

}  // namespace vignette
