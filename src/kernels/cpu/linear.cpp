#include "kernels/cpu/linear.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/cpu/choose.h"
#include "kernels/cpu/convert.h"
#include "kernels/cpu/task.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr int int8_limit = 127;

std::size_t padded(std::size_t columns) { return (columns + int8_block - 1) / int8_block * int8_block; }

// The kernels add up whole numbers of 32 bits, each in at least eight lanes: none of these may run over.
float input_limit(std::size_t columns) {
    constexpr std::size_t lanes = 8;
    constexpr std::int64_t whole_max = std::numeric_limits<std::int16_t>::max();
    const auto products = static_cast<std::int64_t>(padded(columns) / lanes);
    const std::int64_t fitting = std::numeric_limits<std::int32_t>::max() / (int8_limit * products);
    return static_cast<float>(std::min(fitting, whole_max));
}

const std::uint16_t* halves(const std::byte* bytes) { return reinterpret_cast<const std::uint16_t*>(bytes); }

RowsKernel kernel_for(const Kernels& kernels, Dtype type) {
    switch (type) {
        case Dtype::float32: return kernels.float32;
        case Dtype::float16: return kernels.float16;
        case Dtype::bfloat16: return kernels.bfloat16;
        case Dtype::int8: return kernels.int8;
    }
    panic("Dtype out of range");
}

}  // namespace

LinearInputs::LinearInputs(const float* values, std::size_t rows, std::size_t columns, Dtype weights)
    : values_(values), rows_(rows), columns_(columns) {
    if (weights != Dtype::int8) return;
    ASSERT(columns > 0 && columns <= int8_columns_max);
    const std::size_t step = padded(columns);
    const float limit = input_limit(columns);
    whole_.resize(rows * step);
    scales_.resize(rows);
    for (std::size_t row = 0; row < rows; ++row)
        scales_[row] = to_whole(values + row * columns, columns, limit, whole_.data() + row * step);
}

KernelTask LinearInputs::task() const {
    if (scales_.empty()) {
        return {.inputs = values_, .input_step = columns_, .rows = rows_, .columns = columns_};
    }
    const std::size_t step = padded(columns_);
    return {
        .inputs = whole_.data(),
        .input_step = step,
        .rows = rows_,
        .columns = step,
        .input_scales = scales_.data()
    };
}

void multiply(
    const WeightRows& weights, const LinearInputs& inputs, const LinearOutputs& outputs, std::size_t begin,
    std::size_t end
) {
    multiply_with(best_kernels(), weights, inputs, outputs, begin, end);
}

void multiply_with(
    const Kernels& kernels, const WeightRows& weights, const LinearInputs& inputs,
    const LinearOutputs& outputs, std::size_t begin, std::size_t end
) {
    ASSERT(begin <= end && end <= weights.count);
    KernelTask task = inputs.task();
    task.weights = reinterpret_cast<const unsigned char*>(weights.data + begin * weights.row_bytes);
    task.weight_bytes = weights.row_bytes;
    task.bias = outputs.bias == nullptr ? nullptr : outputs.bias + begin;
    task.outputs = outputs.values + begin;
    task.output_step = outputs.row_step;
    task.results = end - begin;
    kernel_for(kernels, weights.type)(task);
}

std::size_t int8_row_bytes(std::size_t columns) { return padded(columns) + int8_block; }

void to_int8_row(const float* values, std::size_t columns, std::byte* row) {
    ASSERT(columns > 0 && columns <= int8_columns_max);
    std::memset(row, 0, int8_row_bytes(columns));
    const float scale = to_whole(values, columns, int8_limit, reinterpret_cast<std::int8_t*>(row));
    std::memcpy(row + padded(columns), &scale, sizeof scale);
}

void to_float_row(const WeightRows& weights, std::size_t row, float* values) {
    const std::byte* const bytes = weights.data + row * weights.row_bytes;
    switch (weights.type) {
        case Dtype::float32: std::memcpy(values, bytes, weights.columns * sizeof(float)); return;
        case Dtype::float16: widen_float16(halves(bytes), weights.columns, values); return;
        case Dtype::bfloat16: widen_bfloat16(halves(bytes), weights.columns, values); return;
        case Dtype::int8: {
            float scale;
            std::memcpy(&scale, bytes + padded(weights.columns), sizeof scale);
            const auto* whole = reinterpret_cast<const std::int8_t*>(bytes);
            for (std::size_t i = 0; i < weights.columns; ++i)
                values[i] = static_cast<float>(whole[i]) * scale;
            return;
        }
    }
    panic("Dtype out of range");
}

}  // namespace vignette
