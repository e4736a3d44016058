// How pictures that start together find each other.
#pragma once

#include <chrono>

namespace vignette {

struct Batching {
    int most = 8;                       // pictures that start in one step
    std::chrono::milliseconds wait{0};  // that the first one waits for company, where nothing else runs
};

}  // namespace vignette
