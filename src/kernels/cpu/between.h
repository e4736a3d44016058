// What a decoder computes between its products: norms, the turns of positions, gates. Each is one pass over
// the numbers. Private to the files multiply_*.cpp, like tiles.h, and in an unnamed namespace for the same
// reason.
#pragma once

#include "kernels/cpu/task.h"
#include "kernels/cpu/vectors.h"

namespace vignette {
namespace {

inline float sum_of_squares(const float* values, std::size_t count) {
    constexpr std::size_t chains = 4;  // an addition waits for the one before it
    Vec sums[chains] = {};
    std::size_t at = 0;
    for (; at + chains * vec_width <= count; at += chains * vec_width) {
#pragma GCC unroll 4
        for (std::size_t c = 0; c < chains; ++c) {
            Vec some;
            load(some, values + at + c * vec_width);
            sums[c] += some * some;
        }
    }
    for (; at < count; at += vec_width) {
        Vec some;
        load_some(some, values + at, count - at);
        sums[0] += some * some;
    }
    return total((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

inline void normalise(const NormTask& task) {
    for (std::size_t row = 0; row < task.rows; ++row) {
        const float* const from = task.inputs + row * task.columns;
        float* const to = task.outputs + row * task.columns;
        const float mean = sum_of_squares(from, task.columns) / static_cast<float>(task.columns);
        const float factor = 1 / __builtin_sqrtf(mean + task.epsilon);
        for (std::size_t i = 0; i < task.columns; ++i) to[i] = task.weights[i] * (from[i] * factor);
    }
}

inline void turn(const TurnTask& task) {
    for (std::size_t row = 0; row < task.rows; ++row) {
        const std::size_t position = (task.first + row) / task.heads % task.positions;
        const float* const cosines = task.cosines + position * task.columns;
        const float* const sines = task.sines + position * task.columns;
        const float* const from = task.inputs + row * task.columns;
        float* const to = task.outputs + row * task.columns;
        const float* const from_end = from + (task.columns - task.shift);
        for (std::size_t i = 0; i < task.shift; ++i) to[i] = from[i] * cosines[i] + from_end[i] * sines[i];
        for (std::size_t i = task.shift; i < task.columns; ++i)
            to[i] = from[i] * cosines[i] + from[i - task.shift] * sines[i];
    }
}

// From x to x * sigmoid(factor * x).
[[gnu::always_inline]] inline void open_gate(Vec& x, float factor) {
    const Vec scaled = x * factor;
    Vec size = scaled < 0 ? scaled : -scaled;
    exponential(size);
    const Vec one = Vec{} + 1;
    x *= (scaled < 0 ? size : one) / (one + size);
}

inline void gate(const GateTask& task) {
    for (std::size_t at = 0; at < task.count; at += vec_width) {
        const std::size_t left = task.count - at;
        Vec x;
        load_some(x, task.inputs + at, left);
        open_gate(x, task.factor);
        if (task.times != nullptr) {
            Vec times;
            load_some(times, task.times + at, left);
            x *= times;
        }
        std::memcpy(task.outputs + at, &x, (left < vec_width ? left : vec_width) * sizeof(float));
    }
}

}  // namespace
}  // namespace vignette
