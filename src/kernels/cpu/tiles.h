// The loops that all sets of instructions share. A tile is a few inputs times a few weights: each weight that
// was read serves all of the inputs, and each input all of the weights. Private to the files multiply_*.cpp,
// each of which brings its own Lanes; everything is in an unnamed namespace, so that no other file gets code
// for its processor.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/task.h"

namespace vignette {
namespace {

constexpr std::size_t tile_rows = 4;

// Lanes::Weight, ::Input: numbers as they lie in memory. Lanes::Values: `width` of them, widened.
template <class Lanes, std::size_t rows, std::size_t results>
void add_products(
    typename Lanes::Sums (&sums)[rows][results], const typename Lanes::Input* const (&inputs)[rows],
    const typename Lanes::Weight* const (&weights)[results], std::size_t at
) {
    typename Lanes::Values read[results];
#pragma GCC unroll 4
    for (std::size_t j = 0; j < results; ++j) read[j] = Lanes::weights(weights[j] + at);
#pragma GCC unroll 4
    for (std::size_t i = 0; i < rows; ++i) {
        const typename Lanes::Values input = Lanes::inputs(inputs[i] + at);
#pragma GCC unroll 4
        for (std::size_t j = 0; j < results; ++j)
            sums[i][j] = Lanes::multiply_add(sums[i][j], input, read[j]);
    }
}

// What is left of the columns, with zeros behind.
template <class Lanes, class Number, std::size_t count>
void copy_rest(
    Number (&to)[count][Lanes::width], const Number* (&pointers)[count], std::size_t at, std::size_t rest
) {
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t k = 0; k < Lanes::width; ++k) to[i][k] = k < rest ? pointers[i][at + k] : Number{};
        pointers[i] = to[i];
    }
}

template <class Lanes, class Total>
void put(const KernelTask& task, std::size_t row, std::size_t result, Total total, float scale) {
    float value;
    if constexpr (Lanes::scaled) {
        const double both = static_cast<double>(task.input_scales[row]) * static_cast<double>(scale);
        value = static_cast<float>(static_cast<double>(total) * both);
    } else {
        value = total;
    }
    if (task.bias != nullptr) value += task.bias[result];
    task.outputs[row * task.output_step + result] = value;
}

// A lone input's weights of 16 bits come a sixth faster if they are asked for ahead; those of 32 as fast, and
// those of 8 bits more slowly.
template <std::size_t bytes, class Weight>
[[gnu::always_inline]] inline void fetch_ahead(const Weight* from) {
    constexpr std::size_t ahead = 1024;
    if constexpr (sizeof(Weight) == 2) {
        const char* const line = reinterpret_cast<const char*>(from) + ahead;
#pragma GCC unroll 4
        for (std::size_t i = 0; i < bytes; i += 64) __builtin_prefetch(line + i, 0, 2);
    }
}

template <class Lanes, std::size_t rows, std::size_t results, std::size_t chains>
[[gnu::always_inline]] inline void clear(typename Lanes::Sums (&sums)[chains][rows][results]) {
    for (auto& chain : sums)
        for (auto& line : chain)
            for (auto& sum : line) sum = Lanes::none();
}

// `chains` of sums are kept apart for each result, since an addition waits for the one before it.
template <class Lanes, std::size_t rows, std::size_t results, std::size_t chains>
void run_tile(const KernelTask& task, std::size_t row, std::size_t result) {
    using Input = typename Lanes::Input;
    using Weight = typename Lanes::Weight;
    const Input* inputs[rows];
    for (std::size_t i = 0; i < rows; ++i)
        inputs[i] = static_cast<const Input*>(task.inputs) + (row + i) * task.input_step;
    const Weight* weights[results];
    for (std::size_t j = 0; j < results; ++j) {
        const unsigned char* bytes = task.weights + (result + j) * task.weight_bytes;
        weights[j] = reinterpret_cast<const Weight*>(bytes);
    }
    typename Lanes::Sums sums[chains][rows][results];
    clear<Lanes>(sums);
    std::size_t at = 0;
    for (; at + chains * Lanes::width <= task.columns; at += chains * Lanes::width) {
        if constexpr (rows == 1 && results == 1)
            fetch_ahead<chains * Lanes::width * sizeof(Weight)>(weights[0] + at);
#pragma GCC unroll 8
        for (std::size_t c = 0; c < chains; ++c)
            add_products<Lanes, rows, results>(sums[c], inputs, weights, at + c * Lanes::width);
    }
    for (; at + Lanes::width <= task.columns; at += Lanes::width)
        add_products<Lanes, rows, results>(sums[0], inputs, weights, at);
    float scales[results] = {};
    if constexpr (Lanes::scaled) {
        for (std::size_t j = 0; j < results; ++j)
            scales[j] = *reinterpret_cast<const float*>(weights[j] + task.columns);
    } else if (at < task.columns) {
        Input last_inputs[rows][Lanes::width];
        Weight last_weights[results][Lanes::width];
        copy_rest<Lanes>(last_inputs, inputs, at, task.columns - at);
        copy_rest<Lanes>(last_weights, weights, at, task.columns - at);
        add_products<Lanes, rows, results>(sums[0], inputs, weights, 0);
    }
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < results; ++j) {
            typename Lanes::Sums sum = sums[0][i][j];
#pragma GCC unroll 8
            for (std::size_t c = 1; c < chains; ++c) sum = Lanes::add(sum, sums[c][i][j]);
            put<Lanes>(task, row + i, result + j, Lanes::total(sum), scales[j]);
        }
    }
}

template <class Lanes, std::size_t results>
void run_rows(const KernelTask& task, std::size_t result) {
    std::size_t row = 0;
    for (; row + tile_rows <= task.rows; row += tile_rows)
        run_tile<Lanes, tile_rows, results, 1>(task, row, result);
    switch (task.rows - row) {
        case 1: return run_tile<Lanes, 1, results, 1>(task, row, result);
        case 2: return run_tile<Lanes, 2, results, 1>(task, row, result);
        case 3: return run_tile<Lanes, 3, results, 1>(task, row, result);
        default: return;
    }
}

template <class Lanes>
void run_few(const KernelTask& task, std::size_t result) {
    switch (task.rows) {
        case 1: return run_tile<Lanes, 1, 1, 4>(task, 0, result);
        case 2: return run_tile<Lanes, 2, 1, 2>(task, 0, result);
        case 3: return run_tile<Lanes, 3, 1, 2>(task, 0, result);
        case 4: return run_tile<Lanes, 4, 1, 1>(task, 0, result);
        default: return;
    }
}

// A lone input's weights come from memory one row after the other, as it is read fastest. With more inputs,
// several rows at once share what was read of these: in float32 four inputs fill the first cache.
template <class Lanes>
void run(const KernelTask& task) {
    constexpr std::size_t few = Lanes::scaled ? 4 : 1;
    std::size_t result = 0;
    if (task.rows <= few) {
        for (; result < task.results; ++result) run_few<Lanes>(task, result);
        return;
    }
    constexpr std::size_t together = 4;
    for (; result + together <= task.results; result += together) run_rows<Lanes, together>(task, result);
    for (; result < task.results; ++result) run_rows<Lanes, 1>(task, result);
}

}  // namespace
}  // namespace vignette
