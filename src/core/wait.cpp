#include "core/wait.h"

#include <condition_variable>
#include <mutex>
#include <random>

namespace vignette {

bool wait_for(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
}

double chance() {
    thread_local std::minstd_rand numbers(std::random_device{}());
    return std::uniform_real_distribution<double>(0, 1)(numbers);
}

}  // namespace vignette
