// Which prompts are read together. Pure: lengths in, a number out.
#pragma once

#include <cstddef>
#include <span>

namespace vignette {

// How many of the first are one group, at least one. A group is as wide as its longest prompt, and what the
// others lack is computed for nothing; its memory grows with all of it.
std::size_t count_together(std::span<const int> lengths);

}  // namespace vignette
