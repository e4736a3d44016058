#include "model/index_columns.h"

namespace vignette {

IndexColumns::IndexColumns(int columns, int rows_max, at::Device device)
    : columns_(columns),
      device_(device),
      numbers_(static_cast<std::size_t>(columns * rows_max)),
      views_(static_cast<std::size_t>(rows_max) + 1) {}

std::span<const at::Tensor> IndexColumns::tensors(int rows) {
    if (!device_.is_cpu()) {
        const at::Tensor sent = at::from_blob(numbers_.data(), {columns_, rows}, at::kLong).to(device_);
        sent_ = sent.unbind(0);
        return sent_;
    }
    std::vector<at::Tensor>& views = views_[static_cast<std::size_t>(rows)];
    for (int column = static_cast<int>(views.size()); column < columns_; ++column)
        views.push_back(at::from_blob(&at(column, 0, rows), {rows}, at::kLong));
    return views;
}

}  // namespace vignette
