#include "model/moments.h"

#include <c10/core/impl/VirtualGuardImpl.h>

namespace vignette {

void Moments::mark() {
    if (device_.is_cpu()) {
        clock_.push_back(Clock::now());
        return;
    }
    const c10::impl::VirtualGuardImpl guard(device_.type());
    events_.emplace_back(device_.type(), c10::EventFlag::BACKEND_DEFAULT);
    events_.back().record(guard.getStream(device_));
}

std::chrono::microseconds Moments::between(std::size_t earlier, std::size_t later) const {
    using std::chrono::microseconds;
    if (device_.is_cpu())
        return std::chrono::duration_cast<microseconds>(clock_.at(later) - clock_.at(earlier));
    const std::chrono::duration<double, std::milli> passed(events_.at(earlier).elapsedTime(events_.at(later))
    );
    return std::chrono::duration_cast<microseconds>(passed);
}

}  // namespace vignette
