// Linear layers on a CPU whose weights have fewer bytes than their sums: float16, bfloat16 or int8 numbers,
// and float32 inputs, sums and results. Few rows at a time are limited by the memory that the weights come
// from, so fewer bytes are more speed. Plain C++, no torch. Any thread; nothing is kept between calls.
//
// How it comes about: a float weight is widened, which is exact, and multiplied in float32. Weights in 8 bits
// are rounded by row, from -127 to 127 times the row's scale. What they are multiplied with is rounded by
// row, too, to 14 to 16 bits, and the sums of whole numbers are exact. So with 8 bits a row's result is the
// same number whatever the processor, however many threads, and whoever else is in the batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cpu/task.h"
#include "vignette/bundle.h"

namespace vignette {

// The weights of a linear layer where they lie: one row for each of its results.
struct WeightRows {
    Dtype type = Dtype::float32;
    const std::byte* data = nullptr;
    std::size_t row_bytes = 0;  // from one row to the next
    std::size_t count = 0;
    std::size_t columns = 0;
};

// The rows that a layer is given, as the kernels for such weights read them. The values must outlive it.
class LinearInputs {
public:
    LinearInputs(const float* values, std::size_t rows, std::size_t columns, Dtype weights);

    KernelTask task() const;  // with its inputs, and nothing else yet

private:
    const float* values_;
    std::size_t rows_;
    std::size_t columns_;
    std::vector<std::int16_t> whole_;  // with int8 weights: the values in whole numbers
    std::vector<float> scales_;        // and what one of them stands for, by row
};

struct LinearOutputs {
    float* values = nullptr;
    std::size_t row_step = 0;     // in floats, from one row to the next
    const float* bias = nullptr;  // null: none
};

// inputs x weights' + bias, for the results from `begin` to `end`: so threads share a layer.
void multiply(
    const WeightRows& weights, const LinearInputs& inputs, const LinearOutputs& outputs, std::size_t begin,
    std::size_t end
);

// With those of one set of instructions; this processor must have it.
void multiply_with(
    const Kernels& kernels, const WeightRows& weights, const LinearInputs& inputs,
    const LinearOutputs& outputs, std::size_t begin, std::size_t end
);

// How one row of float32 is kept in 8 bits: the whole numbers, zeros up to a multiple of 64 bytes, and 64
// bytes that begin with the scale.
std::size_t int8_row_bytes(std::size_t columns);
void to_int8_row(const float* values, std::size_t columns, std::byte* row);

// One row of weights in float32, whatever its type.
void to_float_row(const WeightRows& weights, std::size_t row, float* values);

// More columns than this would leave too few bits for the inputs.
inline constexpr std::size_t int8_columns_max = 65536;

}  // namespace vignette
