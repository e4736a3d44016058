// Attention of a few queries to many keys on a CPU, in float32. Plain C++, no torch. Any thread.
//
// The keys are cut into parts, which threads share: each reads all heads of some keys, which lie side by side
// in a cache. The cut depends on the number of keys only, so the result is the same however many threads
// there are.
#pragma once

#include <span>

#include "kernels/cpu/task.h"

namespace vignette {

// Tasks of one shape; `scores` and `totals` are seen to here.
void attend_to(std::span<const AttentionTask> tasks, int threads);
void attend_with(const Kernels& kernels, std::span<const AttentionTask> tasks, int threads);

}  // namespace vignette
