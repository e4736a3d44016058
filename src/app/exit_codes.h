// How a process that runs until it is stopped ends.
#pragma once

namespace vignette {

inline constexpr int exit_fine = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

}  // namespace vignette
