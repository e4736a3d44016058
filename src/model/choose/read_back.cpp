#include "model/choose/read_back.h"

#include <ATen/ops/cat.h>

namespace vignette {

ReadBack::Part ReadBack::add(const at::Tensor& numbers) {
    const at::Tensor flat = numbers.reshape(-1);
    parts_.push_back(flat.scalar_type() == at::kFloat ? flat.view(at::kInt) : flat.to(at::kInt));
    const Part part{.first = count_, .count = static_cast<std::size_t>(flat.numel())};
    count_ += part.count;
    return part;
}

void ReadBack::wait() {
    if (!parts_.empty()) here_ = (parts_.size() == 1 ? parts_.front() : at::cat(parts_)).cpu();
}

}  // namespace vignette
