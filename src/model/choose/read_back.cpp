#include "model/choose/read_back.h"

#include <ATen/ops/cat.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace vignette {

ReadBack::Part ReadBack::add(const at::Tensor& numbers) {
    const at::Tensor flat = numbers.reshape(-1);
    parts_.push_back(flat.scalar_type() == at::kFloat ? flat.view(at::kInt) : flat.to(at::kInt));
    const Part part{.first = count_, .count = static_cast<std::size_t>(flat.numel())};
    count_ += part.count;
    return part;
}

void ReadBack::send() {
    if (parts_.empty()) return;
    const at::Tensor all = parts_.size() == 1 ? parts_.front() : at::cat(parts_);
    if (all.is_cpu()) {
        here_ = all;
        return;
    }
    here_ = at::empty(all.sizes(), at::TensorOptions(at::kInt).pinned_memory(true));
    here_.copy_(all, /*non_blocking=*/true);
    const c10::impl::VirtualGuardImpl guard(all.device().type());
    arrived_.emplace(all.device().type(), c10::EventFlag::PYTORCH_DEFAULT);
    arrived_->record(guard.getStream(all.device()));
}

void ReadBack::wait() {
    if (arrived_) arrived_->synchronize();
}

}  // namespace vignette
