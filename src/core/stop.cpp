#include "core/stop.h"

#include <condition_variable>

#include "core/mutex.h"

namespace vignette {

void wait_for_stop(const std::stop_token& stop) {
    Mutex mutex;
    std::condition_variable_any never;
    MutexLock lock(mutex);
    never.wait(lock, stop, [] { return false; });
}

bool wait_for(std::chrono::milliseconds time, const std::stop_token& stop) {
    Mutex mutex;
    std::condition_variable_any never;
    MutexLock lock(mutex);
    never.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
}

}  // namespace vignette
