// Columns of whole numbers, one entry for each row of a batch, as the tensors a program takes. On the CPU the
// tensors are made once for each batch size and only their numbers change from step to step. Private to the
// torch side of model/. One thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/torch_lean.h"

namespace vignette {

class IndexColumns {
public:
    IndexColumns(int columns, int rows_max, at::Device device);

    std::int64_t& at(int column, int row, int rows) {
        return numbers_
            [static_cast<std::size_t>(column) * static_cast<std::size_t>(rows) +
             static_cast<std::size_t>(row)];
    }
    // The columns of a batch of `rows` rows; valid until the next call.
    std::span<const at::Tensor> tensors(int rows);

private:
    int columns_;
    at::Device device_;
    std::vector<std::int64_t> numbers_;           // column after column, without gaps
    std::vector<std::vector<at::Tensor>> views_;  // by number of rows; look into numbers_
    std::vector<at::Tensor> sent_;                // on the device
};

}  // namespace vignette
