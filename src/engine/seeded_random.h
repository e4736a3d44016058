// The luck of a sequence that samples: the same seed draws the same numbers, whoever runs beside it.
// Pure: a number belongs to its place in the sequence, so a step that is run again draws it again.
#pragma once

#include <cstdint>

namespace vignette {

// Evenly distributed, from 0 to below 1.
double draw(std::uint64_t seed, std::uint64_t place);

}  // namespace vignette
