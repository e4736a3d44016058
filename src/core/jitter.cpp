#include "core/jitter.h"

#include <random>

namespace vignette {

double jitter() {
    thread_local std::minstd_rand numbers(std::random_device{}());
    return std::uniform_real_distribution<double>(0, 1)(numbers);
}

}  // namespace vignette
