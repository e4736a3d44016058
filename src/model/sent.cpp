#include "model/sent.h"

#include <ATen/ops/cat.h>

namespace vignette {

at::Tensor sent_together(const std::vector<at::Tensor>& parts, const at::Device& device) {
    if (device.is_cpu()) return parts.size() == 1 ? parts.front() : at::cat(parts);
    std::vector<std::int64_t> shape = parts.front().sizes().vec();
    shape.front() = 0;
    for (const at::Tensor& part : parts) shape.front() += part.size(0);
    at::Tensor pinned = at::empty(shape, parts.front().options().pinned_memory(true));
    at::cat_out(pinned, parts);
    return pinned.to(device, pinned.scalar_type(), /*non_blocking=*/true);
}

}  // namespace vignette
