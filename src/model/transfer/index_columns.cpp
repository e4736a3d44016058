#include "model/transfer/index_columns.h"

#include "model/sent.h"

namespace vignette {

IndexColumns::IndexColumns(int columns, int rows_max, at::Device device)
    : columns_(columns),
      device_(device),
      numbers_(static_cast<std::size_t>(columns * rows_max)),
      views_(static_cast<std::size_t>(rows_max) + 1) {}

std::span<const at::Tensor> IndexColumns::tensors(int rows) {
    if (!device_.is_cpu()) {
        const auto all = std::span<const std::int64_t>(numbers_).first(
            static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows)
        );
        sent_ = sent(all, {columns_, rows}, device_).unbind(0);
        return sent_;
    }
    std::vector<at::Tensor>& views = views_[static_cast<std::size_t>(rows)];
    for (int column = static_cast<int>(views.size()); column < columns_; ++column)
        views.push_back(at::from_blob(&at(column, 0, rows), {rows}, at::kLong));
    return views;
}

}  // namespace vignette
