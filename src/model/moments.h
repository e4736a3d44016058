// Moments in the work of a device. Private to the torch side of model/.
#pragma once

#include <c10/core/Event.h>

#include <chrono>
#include <vector>

#include "model/torch_lean.h"

namespace vignette {

class Moments {
public:
    explicit Moments(at::Device device) : device_(device) {}

    // Now; on a GPU, when it has done what is queued. Nobody waits for that.
    void mark();
    std::size_t count() const { return clock_.size() + events_.size(); }

    // Once the later one has passed.
    std::chrono::microseconds between(std::size_t earlier, std::size_t later) const;

private:
    using Clock = std::chrono::steady_clock;

    at::Device device_;
    std::vector<Clock::time_point> clock_;  // on the CPU
    std::vector<c10::Event> events_;        // elsewhere
};

}  // namespace vignette
