#include "model/choose/read_back.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/max.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace vignette {

ReadBack::Part ReadBack::add(const at::Tensor& numbers) {
    const at::Tensor flat = numbers.reshape(-1);
    parts_.push_back(flat.scalar_type() == at::kFloat ? flat.view(at::kInt) : flat.to(at::kInt));
    const Part part{.first = count_, .count = static_cast<std::size_t>(flat.numel())};
    count_ += part.count;
    return part;
}

// Of an index its lower half is enough, which comes first.
ReadBack::Largest ReadBack::add_largest(const at::Tensor& rows) {
    const std::int64_t count = rows.size(0);
    const at::Tensor both = at::empty({count + (count + 1) / 2}, rows.options().dtype(at::kLong));
    at::Tensor indices = both.narrow(0, 0, count).unsqueeze(1);
    at::Tensor values =
        both.narrow(0, count, (count + 1) / 2).view(at::kFloat).narrow(0, 0, count).unsqueeze(1);
    at::max_out(values, indices, rows, 1, /*keepdim=*/true);
    const auto number = static_cast<std::size_t>(count);
    const Largest found{
        .indices = indices,
        .value_part = {.first = count_ + 2 * number, .count = number},
        .index_part = {.first = count_, .count = number, .stride = 2},
    };
    parts_.push_back(both.view(at::kInt));
    count_ += static_cast<std::size_t>(parts_.back().numel());
    return found;
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
