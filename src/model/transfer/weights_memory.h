// Memory for weights on a CPU that do not stay in their file: side by side in huge pages, since a decode step
// reads them all. Private to the torch side of model/. One thread at a time; the tensors live on without it.
#pragma once

#include <cstddef>
#include <memory>

#include "model/torch_lean.h"

namespace vignette {

class WeightsMemory {
public:
    at::Tensor make(at::IntArrayRef shape, at::ScalarType type);  // nothing in it yet

private:
    std::shared_ptr<std::byte> chunk_;  // what the next tensor is cut from
    std::size_t used_ = 0;
    std::size_t size_ = 0;
};

}  // namespace vignette
