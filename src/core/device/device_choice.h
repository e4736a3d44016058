// Where an operator wants a model to compute: auto, cpu, cuda, or cuda:1 for one of several GPUs.
#pragma once

#include <optional>
#include <string_view>

#include "vignette/error.h"

namespace vignette {

struct DeviceChoice {
    bool may_be_cpu = true;
    bool may_be_gpu = true;
    std::optional<int> gpu;  // the one that was named
};

Result<DeviceChoice> read_device(std::string_view text);

}  // namespace vignette
