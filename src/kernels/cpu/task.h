// What a kernel is told: raw pointers, because the files for one set of instructions include nothing that
// other files would share with them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vignette {

struct KernelTask {
    const unsigned char* weights;  // of the first result
    std::size_t weight_bytes;      // from one row to the next
    const void* inputs;            // float, or with int8 weights std::int16_t
    std::size_t input_step;        // in numbers, from one row to the next
    std::size_t rows;
    std::size_t columns;        // with int8 weights a multiple of 64: the rest are zeros
    const float* input_scales;  // with int8 weights, by row
    const float* bias;          // of the first result; null: none
    float* outputs;             // of the first result
    std::size_t output_step;
    std::size_t results;
};

using RowsKernel = void (*)(const KernelTask&);

struct Kernels {
    const char* name;
    RowsKernel float32;
    RowsKernel float16;
    RowsKernel bfloat16;
    RowsKernel int8;
};

inline constexpr std::size_t int8_block =
    64;  // bytes: rows in 8 bits are padded to it, and their scale is behind

extern const Kernels plain_kernels;
// Of x86 only.
extern const Kernels avx2_kernels;
extern const Kernels avx512_kernels;
extern const Kernels vnni_kernels;

}  // namespace vignette
