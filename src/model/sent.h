// Numbers on their way to the model's device. Private to the torch side of model/.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "model/torch_lean.h"

namespace vignette {

// Here, in memory from which the device copies while nobody waits; torch uses it again when all has arrived.
template <class T>
at::Tensor pinned(std::span<const T> numbers, at::IntArrayRef shape, const at::Device& device) {
    const auto options = at::TensorOptions(c10::CppTypeToScalarType<T>::value);
    at::Tensor here = at::empty(shape, options.pinned_memory(!device.is_cpu()));
    std::ranges::copy(numbers, here.mutable_data_ptr<T>());
    return here;
}

template <class T>
at::Tensor sent(std::span<const T> numbers, at::IntArrayRef shape, const at::Device& device) {
    const at::Tensor here = pinned(numbers, shape, device);
    return device.is_cpu() ? here : here.to(device, here.scalar_type(), /*non_blocking=*/true);
}

// Parts of a batch, one below the other.
at::Tensor sent_together(const std::vector<at::Tensor>& parts, const at::Device& device);

}  // namespace vignette
