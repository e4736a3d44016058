#include "kernels/cpu/linear.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/choose.h"
#include "kernels/cpu/convert.h"
#include "kernels/cpu/widen.h"

namespace vignette::kernels_test {
namespace {

constexpr Dtype all_types[] = {Dtype::float32, Dtype::float16, Dtype::bfloat16, Dtype::int8};

struct Shape {
    std::size_t rows;
    std::size_t columns;
    std::size_t results;
};

std::vector<float> draw(std::mt19937& random, std::size_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> made(count);
    for (float& value : made) value = normal(random);
    return made;
}

// A layer's weights as bytes of one type, behind one byte that no row may start at, and their true values.
struct Weights {
    std::vector<std::byte> bytes;
    std::vector<double> values;
    WeightRows rows;
};

std::uint16_t upper_half(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return static_cast<std::uint16_t>(bits >> 16U);
}

// Any half-precision number that is finite and of a usual size.
std::uint16_t half_of(std::mt19937& random) {
    const auto sign = static_cast<std::uint32_t>(random() & 1U) << 15U;
    return static_cast<std::uint16_t>(sign | (random() % 0x3c00U));
}

Weights make_weights(std::mt19937& random, Dtype type, const Shape& shape) {
    Weights made;
    const std::size_t width = type == Dtype::int8      ? int8_row_bytes(shape.columns)
                              : type == Dtype::float32 ? 4 * shape.columns
                                                       : 2 * shape.columns;
    made.bytes.resize(width * shape.results);
    for (std::size_t row = 0; row < shape.results; ++row) {
        const std::vector<float> line = draw(random, shape.columns);
        std::byte* const to = made.bytes.data() + row * width;
        if (type == Dtype::int8) to_int8_row(line.data(), shape.columns, to);
        if (type == Dtype::float32) std::memcpy(to, line.data(), width);
        for (std::size_t i = 0; i < shape.columns && width == 2 * shape.columns; ++i) {
            const std::uint16_t half = type == Dtype::float16 ? half_of(random) : upper_half(line[i]);
            std::memcpy(to + 2 * i, &half, sizeof half);
        }
    }
    made.rows = {
        .type = type,
        .data = made.bytes.data(),
        .row_bytes = width,
        .count = shape.results,
        .columns = shape.columns
    };
    std::vector<float> line(shape.columns);
    for (std::size_t row = 0; row < shape.results; ++row) {
        to_float_row(made.rows, row, line.data());
        made.values.insert(made.values.end(), line.begin(), line.end());
    }
    return made;
}

struct Expected {
    double value = 0;
    double sizes = 0;  // of all products: what rounding errors are measured by
};

Expected exactly(const Weights& weights, const float* input, std::size_t result, float bias) {
    Expected made{.value = double{bias}, .sizes = std::abs(double{bias})};
    for (std::size_t i = 0; i < weights.rows.columns; ++i) {
        const double product = double{input[i]} * weights.values[result * weights.rows.columns + i];
        made.value += product;
        made.sizes += std::abs(product);
    }
    return made;
}

// Of all columns: the rounding of float32 sums, or of the inputs to whole numbers.
double tolerance(Dtype type, const Expected& expected, std::size_t columns, double largest_input) {
    if (type != Dtype::int8) return expected.sizes * 1e-6 + 1e-30;
    const double step =
        largest_input / std::min(32767.0, 2147483647.0 / (127.0 * std::ceil(double(columns) / 64) * 8));
    double bound = expected.sizes * 1e-6 + 1e-30;
    bound += step / 2 * expected.sizes / std::max(largest_input, 1e-30) * 8 +
             step * std::sqrt(double(columns)) * 4;
    return bound;
}

void expect_right(const Kernels& kernels, Dtype type, const Shape& shape, std::mt19937& random) {
    SCOPED_TRACE(
        std::string(kernels.name) + " " + std::to_string(static_cast<int>(type)) + ": " +
        std::to_string(shape.rows) + " x " + std::to_string(shape.columns) + " x " +
        std::to_string(shape.results)
    );
    const Weights weights = make_weights(random, type, shape);
    const std::vector<float> values = draw(random, shape.rows * shape.columns);
    const std::vector<float> bias = draw(random, shape.results);
    const std::size_t step = shape.results + 3;
    const float untouched = -12345;
    std::vector<float> outputs(shape.rows * step, untouched);
    const LinearInputs inputs(values.data(), shape.rows, shape.columns, type);
    const std::size_t middle = random() % (shape.results + 1);
    for (const auto& [begin, end] : {std::pair<std::size_t, std::size_t>{0, middle}, {middle, shape.results}})
        multiply_with(
            kernels, weights.rows, inputs, {.values = outputs.data(), .row_step = step, .bias = bias.data()},
            begin, end
        );
    for (std::size_t row = 0; row < shape.rows; ++row) {
        const float* const input = values.data() + row * shape.columns;
        double largest = 0;
        for (std::size_t i = 0; i < shape.columns; ++i)
            largest = std::max(largest, std::abs(double{input[i]}));
        for (std::size_t result = 0; result < shape.results; ++result) {
            const Expected expected = exactly(weights, input, result, bias[result]);
            ASSERT_NEAR(
                double{outputs[row * step + result]}, expected.value,
                tolerance(type, expected, shape.columns, largest)
            ) << "row "
              << row << ", result " << result;
        }
        for (std::size_t i = shape.results; i < step; ++i) ASSERT_EQ(outputs[row * step + i], untouched);
    }
}

TEST(Linear, EachSetOfInstructionsIsRightInAllShapes) {
    std::mt19937 random(1);
    for (const Kernels* kernels : usable_kernels()) {
        for (const Dtype type : all_types) {
            for (int i = 0; i < 40; ++i)
                expect_right(
                    *kernels, type, {1 + random() % 9, 1 + random() % 150, 1 + random() % 11}, random
                );
            expect_right(*kernels, type, {1, 2048, 9}, random);
            expect_right(*kernels, type, {5, 11008, 5}, random);
            expect_right(*kernels, type, {1, int8_columns_max, 2}, random);
        }
    }
}

TEST(Linear, EightBitsGiveTheSameNumbersWhateverTheInstructionsAndTheBatch) {
    std::mt19937 random(2);
    const Shape shape{7, 1000, 13};
    const Weights weights = make_weights(random, Dtype::int8, shape);
    const std::vector<float> values = draw(random, shape.rows * shape.columns);
    std::vector<float> alone(shape.rows * shape.results);
    for (std::size_t row = 0; row < shape.rows; ++row) {
        const LinearInputs inputs(values.data() + row * shape.columns, 1, shape.columns, Dtype::int8);
        multiply_with(
            plain_kernels, weights.rows, inputs, {.values = alone.data() + row * shape.results}, 0,
            shape.results
        );
    }
    for (const Kernels* kernels : usable_kernels()) {
        std::vector<float> together(alone.size());
        const LinearInputs inputs(values.data(), shape.rows, shape.columns, Dtype::int8);
        multiply_with(
            *kernels, weights.rows, inputs, {.values = together.data(), .row_step = shape.results}, 0,
            shape.results
        );
        EXPECT_EQ(together, alone) << kernels->name;
    }
}

// All numbers as large as they can be, and of the same sign: where sums of 32 bits run over, if they do.
TEST(Linear, WholeNumbersDoNotRunOver) {
    for (const std::size_t columns :
         {std::size_t{64}, std::size_t{2048}, std::size_t{9000}, int8_columns_max}) {
        std::vector<std::byte> row(int8_row_bytes(columns));
        const std::vector<float> ones(columns, -1.0F);
        to_int8_row(ones.data(), columns, row.data());
        const WeightRows weights{
            .type = Dtype::int8, .data = row.data(), .row_bytes = row.size(), .count = 1, .columns = columns
        };
        for (const Kernels* kernels : usable_kernels()) {
            float sum = 0;
            multiply_with(
                *kernels, weights, LinearInputs(ones.data(), 1, columns, Dtype::int8), {.values = &sum}, 0, 1
            );
            EXPECT_NEAR(sum, static_cast<float>(columns), static_cast<float>(columns) * 1e-6F)
                << kernels->name << ", " << columns << " columns";
        }
    }
}

TEST(Linear, WhatIsNoNumberStaysNone) {
    const float infinity = std::numeric_limits<float>::infinity();
    for (const float wrong : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
        for (const std::size_t place : {0U, 15U, 16U, 69U}) {
            std::vector<float> values(2 * 70, 1.0F);
            std::vector<std::byte> row(int8_row_bytes(70));
            to_int8_row(values.data(), 70, row.data());
            values[place] = wrong;
            const WeightRows weights{
                .type = Dtype::int8, .data = row.data(), .row_bytes = row.size(), .count = 1, .columns = 70
            };
            float sums[2] = {};
            multiply(
                weights, LinearInputs(values.data(), 2, 70, Dtype::int8), {.values = sums, .row_step = 1}, 0,
                1
            );
            EXPECT_TRUE(std::isnan(sums[0]));
            EXPECT_NEAR(sums[1], 70, 1e-3);
            to_int8_row(values.data(), 70, row.data());
            multiply(weights, LinearInputs(values.data() + 70, 1, 70, Dtype::int8), {.values = sums}, 0, 1);
            EXPECT_TRUE(std::isnan(sums[0])) << "of weights, too";
        }
    }
}

TEST(Linear, RowsOfZerosAndOfAlmostNothing) {
    for (const float value : {0.0F, 1e-40F, std::numeric_limits<float>::denorm_min()}) {
        std::vector<float> values(64, value);
        std::vector<std::byte> row(int8_row_bytes(64));
        to_int8_row(values.data(), 64, row.data());
        const WeightRows weights{
            .type = Dtype::int8, .data = row.data(), .row_bytes = row.size(), .count = 1, .columns = 64
        };
        float sum = 7;
        multiply(weights, LinearInputs(values.data(), 1, 64, Dtype::int8), {.values = &sum}, 0, 1);
        EXPECT_EQ(sum, 0);
    }
}

TEST(Linear, EightBitsAreNoFartherThanHalfAStep) {
    std::mt19937 random(3);
    const std::vector<float> values = draw(random, 333);
    std::vector<std::byte> row(int8_row_bytes(333));
    to_int8_row(values.data(), 333, row.data());
    const WeightRows weights{
        .type = Dtype::int8, .data = row.data(), .row_bytes = row.size(), .count = 1, .columns = 333
    };
    std::vector<float> back(333);
    to_float_row(weights, 0, back.data());
    float largest = 0;
    for (const float value : values) largest = std::max(largest, std::abs(value));
    for (std::size_t i = 0; i < values.size(); ++i)
        EXPECT_LE(std::abs(back[i] - values[i]), largest / 127 * 0.5001F);
}

TEST(Linear, HalvesAreWidenedExactly) {
    EXPECT_EQ(widen_float16(0x3c00), 1.0F);
    EXPECT_EQ(widen_float16(0xc000), -2.0F);
    EXPECT_EQ(widen_float16(0x7bff), 65504.0F);
    EXPECT_EQ(widen_float16(0x0400), 0x1p-14F);
    EXPECT_EQ(widen_float16(0x0001), 0x1p-24F);
    EXPECT_EQ(widen_float16(0x83ff), -1023 * 0x1p-24F);
    EXPECT_TRUE(std::signbit(widen_float16(0x8000)));
    EXPECT_EQ(widen_float16(0x7c00), std::numeric_limits<float>::infinity());
    EXPECT_TRUE(std::isnan(widen_float16(0x7e00)));
    EXPECT_EQ(widen_bfloat16(0x3f80), 1.0F);
    // All that there are, the same way as each processor widens them.
    std::vector<std::uint16_t> halves(0x10000);
    for (std::size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<std::uint16_t>(i);
    std::vector<float> row(halves.size());
    widen_float16(halves.data(), halves.size(), row.data());
    for (std::size_t i = 0; i < halves.size(); ++i)
        ASSERT_EQ(bits_of_float(row[i]), bits_of_float(widen_float16(halves[i]))) << i;
    widen_bfloat16(halves.data(), halves.size(), row.data());
    for (std::size_t i = 0; i < halves.size(); ++i) ASSERT_EQ(bits_of_float(row[i]), i << 16U);
    const float one = 1;
    for (const Kernels* kernels : usable_kernels()) {
        for (const Dtype type : {Dtype::float16, Dtype::bfloat16}) {
            std::vector<float> made(halves.size());
            const WeightRows weights{
                .type = type,
                .data = reinterpret_cast<const std::byte*>(halves.data()),
                .row_bytes = 2,
                .count = halves.size(),
                .columns = 1
            };
            multiply_with(
                *kernels, weights, LinearInputs(&one, 1, 1, type), {.values = made.data()}, 0, halves.size()
            );
            for (std::size_t i = 0; i < halves.size(); ++i) {
                const float expected =
                    type == Dtype::float16 ? widen_float16(halves[i]) : widen_bfloat16(halves[i]);
                if (std::isnan(expected)) {
                    ASSERT_TRUE(std::isnan(made[i])) << kernels->name << " " << i;
                } else {
                    ASSERT_EQ(made[i], expected) << kernels->name << " " << i;
                }
            }
        }
    }
}

}  // namespace
}  // namespace vignette::kernels_test
