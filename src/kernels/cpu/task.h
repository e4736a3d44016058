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

// Where the numbers of an attention lie: one row behind the other, of each head.
template <class Number>
struct HeadRows {
    Number* begin;
    std::size_t head_step;  // in floats, like row_step
    std::size_t row_step;
    Number* row(std::size_t head, std::size_t index) const {
        return begin + head * head_step + index * row_step;
    }
};

// Of the products of one query with some keys: what tells how much these count beside others.
struct KeyTotals {
    float largest;
    float sum;  // of the exponentials of the products, less the largest
};

// What a few queries of each head see: the sum of the values, each with the weight of its key.
struct AttentionTask {
    HeadRows<const float> queries;
    HeadRows<const float> keys;
    HeadRows<const float> values;
    HeadRows<const float> mask;  // added to the scaled products of queries and keys; no begin: none
    HeadRows<float> scores;      // room to work in, a row for each query, of whole vectors of 16 floats
    HeadRows<float> outputs;
    KeyTotals* totals;  // of each head's queries, one after the other; null: nobody asks
    std::size_t heads;
    std::size_t rows;     // of queries
    std::size_t count;    // of keys and of values: at least 1
    std::size_t columns;  // of queries, keys and values
    float scale;
};

using AttentionKernel = void (*)(const AttentionTask&);

// Rows with a root mean square of 1, each number times its weight.
struct NormTask {
    const float* inputs;
    const float* weights;
    float* outputs;
    std::size_t rows;
    std::size_t columns;
    float epsilon;
};

// Rows whose numbers are turned in pairs: outputs[i] = inputs[i] * cosines[i] + inputs[i - shift] * sines[i],
// in a circle.
struct TurnTask {
    const float* inputs;
    const float* cosines;  // a row for each position
    const float* sines;
    float* outputs;
    std::size_t first;  // the number of the first row
    std::size_t rows;
    std::size_t heads;      // rows that follow one another and have one position
    std::size_t positions;  // after these the turns begin anew
    std::size_t columns;
    std::size_t shift;
};

// inputs * sigmoid(factor * inputs) * times: SiLU, or the quick approximation of GELU.
struct GateTask {
    const float* inputs;
    const float* times;  // null: once
    float* outputs;
    std::size_t count;
    float factor;
};

struct Kernels {
    const char* name;
    RowsKernel float32;
    RowsKernel float16;
    RowsKernel bfloat16;
    RowsKernel int8;
    AttentionKernel attention;
    void (*norm)(const NormTask&);
    void (*turn)(const TurnTask&);
    void (*gate)(const GateTask&);
};

inline constexpr std::size_t int8_block =
    64;  // bytes: rows in 8 bits are padded to it, and their scale is behind

extern const Kernels plain_kernels;
// Of x86 only.
extern const Kernels avx2_kernels;
extern const Kernels avx512_kernels;
extern const Kernels vnni_kernels;

}  // namespace vignette
