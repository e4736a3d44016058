// Threads that share the rows of one layer: thousands of times a second, for some microseconds each, so they
// look out for the next layer for a while before they go to sleep. One crew for the process.
#pragma once

#include <cstddef>
#include <functional>

namespace vignette {

using Share = std::function<void(std::size_t begin, std::size_t end)>;

// Calls `work` for parts of 0..count, all but the last at least `least` long, on up to `threads` threads,
// this one among them; returns when all is done. An exception of `work` is thrown again here. Any thread;
// while one has the crew, others do their work alone.
void share_work(int threads, std::size_t count, std::size_t least, const Share& work);

}  // namespace vignette
