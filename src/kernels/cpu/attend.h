// Attention of a few queries to many keys, with vectors that the compiler fits to each set of instructions.
// Private to the files multiply_*.cpp, like tiles.h, and in an unnamed namespace for the same reason.
#pragma once

#include <cstring>
#include <limits>

#include "kernels/cpu/tiles.h"
#include "kernels/cpu/vectors.h"

namespace vignette {
namespace {

#ifdef __AVX512F__  // as many sums as there are registers for
constexpr std::size_t sum_rows = 4;
constexpr std::size_t sum_vecs = 4;
#else
constexpr std::size_t sum_rows = 2;
constexpr std::size_t sum_vecs = 2;
#endif

// Keys and values that all heads look at before the next are read: theirs lie side by side.
constexpr std::size_t keys_at_once = 8;

// From one query's products with the keys to how much each key counts, in all 1. `scores` has whole vectors;
// what is behind `count` counts nothing.
inline KeyTotals weigh(float* scores, std::size_t count, float scale, const float* mask) {
    for (std::size_t i = 0; i < count; ++i) scores[i] = scores[i] * scale + (mask == nullptr ? 0 : mask[i]);
    const std::size_t whole = (count + vec_width - 1) / vec_width * vec_width;
    for (std::size_t i = count; i < whole; ++i) scores[i] = -std::numeric_limits<float>::infinity();
    Vec lanes;
    load(lanes, scores);
    for (std::size_t i = vec_width; i < whole; i += vec_width) {
        Vec some;
        load(some, scores + i);
        lanes = some > lanes ? some : lanes;
    }
    float largest = lanes[0];
    for (std::size_t i = 1; i < vec_width; ++i) largest = lanes[i] > largest ? lanes[i] : largest;
    lanes = Vec{};
    for (std::size_t i = 0; i < whole; i += vec_width) {
        Vec some;
        load(some, scores + i);
        some -= largest;
        exponential(some);
        std::memcpy(scores + i, &some, sizeof some);
        lanes += some;
    }
    const float sum = total(lanes);
    const float part = 1 / sum;
    for (std::size_t i = 0; i < whole; ++i) scores[i] *= part;
    return {largest, sum};
}

struct KeyRange {
    std::size_t begin;
    std::size_t end;
};

template <class Float32>
void multiply_keys(const AttentionTask& task, std::size_t head, KeyRange keys) {
    run<Float32>(
        {.weights = reinterpret_cast<const unsigned char*>(task.keys.row(head, keys.begin)),
         .weight_bytes = task.keys.row_step * sizeof(float),
         .inputs = task.queries.row(head, 0),
         .input_step = task.queries.row_step,
         .rows = task.rows,
         .columns = task.columns,
         .input_scales = nullptr,
         .bias = nullptr,
         .outputs = task.scores.row(head, 0) + keys.begin,
         .output_step = task.scores.row_step,
         .results = keys.end - keys.begin}
    );
}

// Adds the values' columns from `column` on, as much as each counts, to the outputs.
template <std::size_t rows, std::size_t vecs>
void add_values(
    const AttentionTask& task, std::size_t head, std::size_t row, std::size_t column, KeyRange keys
) {
    Vec sums[rows][vecs];
    for (std::size_t i = 0; i < rows; ++i)
        std::memcpy(sums[i], task.outputs.row(head, row + i) + column, sizeof sums[i]);
    const float* values = task.values.row(head, keys.begin) + column;
    const float* const scores = task.scores.row(head, row);
    for (std::size_t key = keys.begin; key < keys.end; ++key, values += task.values.row_step) {
        Vec read[vecs];
#pragma GCC unroll 4
        for (std::size_t c = 0; c < vecs; ++c) load(read[c], values + c * vec_width);
#pragma GCC unroll 4
        for (std::size_t i = 0; i < rows; ++i) {
            const float score = scores[i * task.scores.row_step + key];
#pragma GCC unroll 4
            for (std::size_t c = 0; c < vecs; ++c) sums[i][c] += score * read[c];
        }
    }
    for (std::size_t i = 0; i < rows; ++i)
        std::memcpy(task.outputs.row(head, row + i) + column, sums[i], sizeof sums[i]);
}

// The same for the columns that fill no vector.
inline void add_last_values(
    const AttentionTask& task, std::size_t head, std::size_t row, std::size_t column, KeyRange keys
) {
    const float* const scores = task.scores.row(head, row);
    for (; column < task.columns; ++column) {
        float& sum = task.outputs.row(head, row)[column];
        for (std::size_t key = keys.begin; key < keys.end; ++key)
            sum += scores[key] * task.values.row(head, key)[column];
    }
}

template <std::size_t rows>
void add_rows(const AttentionTask& task, std::size_t head, std::size_t row, KeyRange keys) {
    std::size_t column = 0;
    for (; column + sum_vecs * vec_width <= task.columns; column += sum_vecs * vec_width)
        add_values<rows, sum_vecs>(task, head, row, column, keys);
    for (; column + vec_width <= task.columns; column += vec_width)
        add_values<rows, 1>(task, head, row, column, keys);
    for (std::size_t i = 0; i < rows; ++i) add_last_values(task, head, row + i, column, keys);
}

// What is read next, ahead of its turn: processors do not foresee rows with those of other heads in between.
// Into the second cache, which waits for more lines at a time than the first: twice as fast.
inline void fetch(const HeadRows<const float>& rows, std::size_t head, KeyRange keys, std::size_t columns) {
    for (std::size_t key = keys.begin; key < keys.end; ++key) {
        const float* const row = rows.row(head, key);
        for (std::size_t i = 0; i < columns; i += vec_width) __builtin_prefetch(row + i, 0, 2);
    }
}

template <class See>
void for_each_part(const AttentionTask& task, const HeadRows<const float>& read, const See& see) {
    const auto part_from = [&](std::size_t begin) {
        return KeyRange{begin, begin + keys_at_once < task.count ? begin + keys_at_once : task.count};
    };
    for (KeyRange part = part_from(0); part.begin < task.count; part = part_from(part.end)) {
        for (std::size_t head = 0; head < task.heads; ++head) {
            fetch(read, head, part_from(part.end), task.columns);
            see(head, part);
        }
    }
}

template <class Float32>
void attend(const AttentionTask& task) {
    for_each_part(task, task.keys, [&](std::size_t head, KeyRange keys) {
        multiply_keys<Float32>(task, head, keys);
    });
    for (std::size_t head = 0; head < task.heads; ++head) {
        for (std::size_t row = 0; row < task.rows; ++row) {
            const float* const mask = task.mask.begin == nullptr ? nullptr : task.mask.row(head, row);
            const KeyTotals totals = weigh(task.scores.row(head, row), task.count, task.scale, mask);
            if (task.totals != nullptr) task.totals[head * task.rows + row] = totals;
            std::memset(task.outputs.row(head, row), 0, task.columns * sizeof(float));
        }
    }
    for_each_part(task, task.values, [&](std::size_t head, KeyRange keys) {
        std::size_t row = 0;
        for (; row + sum_rows <= task.rows; row += sum_rows) add_rows<sum_rows>(task, head, row, keys);
        for (; row < task.rows; ++row) add_rows<1>(task, head, row, keys);
    });
}

}  // namespace
}  // namespace vignette
