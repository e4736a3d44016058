// Where a model computes: the device that an operator asked for, and torch's threads. Private to the torch
// side of model/.
#pragma once

#include <string>
#include <utility>

#include <c10/core/Stream.h>

#include "model/torch_lean.h"
#include "vignette/error.h"

namespace vignette {

// As core/device/device_choice.h reads it.
Result<at::Device> select_device(const std::string& wanted);
std::string to_text(const at::Device& device);

// For one model: what it queues on a GPU waits for no other model.
Result<c10::Stream> own_stream(const at::Device& device);

// Until the work that was queued is done; throws what went wrong in it. Nothing to do on the CPU.
void wait_for(const at::Device& device);

// Whether the device has failed for good: after an illegal access, say, it fails every call that follows.
// Says device_lost then, and the failed call's own error otherwise.
Error examine(Error error, const at::Device& device);

template <class T>
Result<T> examined(Result<T> outcome, const at::Device& device) {
    if (!outcome) outcome = std::unexpected(examine(outcome.error(), device));
    return outcome;
}

// Of CPU operators, for the whole process; 0: as torch decides, or fewer by a container's quota.
void set_threads(int threads);

// At the start of work on a thread that torch did not make: set_threads() sets OpenMP's number for its
// calling thread only. Torch hands it on to other threads where it splits work itself, but its libraries ask
// OpenMP.
void take_over_thread_count();

}  // namespace vignette
