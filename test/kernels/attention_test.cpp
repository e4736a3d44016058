#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/choose.h"

namespace vignette::attention_test {
namespace {

struct Shape {
    std::size_t heads;
    std::size_t rows;
    std::size_t count;
    std::size_t columns;
};

// An attention and the memory it looks at: rows of one head lie between those of the others, as in a cache.
struct Attention {
    Attention(std::mt19937& random, const Shape& shape, bool masked) : shape_(shape) {
        const auto draw = [&](std::size_t rows) {
            std::normal_distribution<float> normal;
            std::vector<float> made(rows * shape.heads * (shape.columns + 3));
            for (float& value : made) value = normal(random);
            return made;
        };
        queries = draw(shape.rows);
        keys = draw(shape.count);
        values = draw(shape.count);
        if (masked) mask = draw(shape.count);
        for (std::size_t key = 0; key + 1 < mask.size(); key += 3)
            mask[key] = -std::numeric_limits<float>::infinity();
    }

    std::vector<float> run(const Kernels& kernels, int threads = 1) const {
        std::vector<float> outputs(shape_.heads * shape_.rows * shape_.columns, -12345);
        const AttentionTask task{
            .queries = rows_of(queries),
            .keys = rows_of(keys),
            .values = rows_of(values),
            .mask = {mask.empty() ? nullptr : mask.data(), 0, 0},
            .scores = {},
            .outputs = {outputs.data(), shape_.rows * shape_.columns, shape_.columns},
            .totals = nullptr,
            .heads = shape_.heads,
            .rows = shape_.rows,
            .count = shape_.count,
            .columns = shape_.columns,
            .scale = scale
        };
        attend_with(kernels, {&task, 1}, threads);
        return outputs;
    }

    std::vector<double> exactly(std::size_t head, std::size_t row) const {
        std::vector<double> weights(shape_.count);
        for (std::size_t key = 0; key < shape_.count; ++key) {
            for (std::size_t i = 0; i < shape_.columns; ++i)
                weights[key] += double{rows_of(queries).row(head, row)[i]} * rows_of(keys).row(head, key)[i];
            weights[key] = weights[key] * double{scale} + (mask.empty() ? 0 : double{mask[key]});
        }
        const double largest = std::ranges::max(weights);
        double sum = 0;
        for (double& one : weights) sum += one = std::exp(one - largest);
        std::vector<double> seen(shape_.columns);
        for (std::size_t key = 0; key < shape_.count; ++key)
            for (std::size_t i = 0; i < shape_.columns; ++i)
                seen[i] += weights[key] / sum * double{rows_of(values).row(head, key)[i]};
        return seen;
    }

    HeadRows<const float> rows_of(const std::vector<float>& numbers) const {
        const std::size_t width = shape_.columns + 3;
        return {numbers.data(), width, shape_.heads * width};
    }

    static constexpr float scale = 0.25F;
    std::vector<float> queries;
    std::vector<float> keys;
    std::vector<float> values;
    std::vector<float> mask;

private:
    Shape shape_;
};

void expect_right(std::mt19937& random, const Shape& shape, bool masked) {
    const Attention attention(random, shape, masked);
    for (const Kernels* kernels : usable_kernels()) {
        SCOPED_TRACE(
            std::string(kernels->name) + ": " + std::to_string(shape.heads) + " heads, " +
            std::to_string(shape.rows) + " x " + std::to_string(shape.count) + " x " +
            std::to_string(shape.columns)
        );
        const std::vector<float> found = attention.run(*kernels);
        for (std::size_t head = 0; head < shape.heads; ++head) {
            for (std::size_t row = 0; row < shape.rows; ++row) {
                const std::vector<double> exact = attention.exactly(head, row);
                for (std::size_t i = 0; i < shape.columns; ++i)
                    ASSERT_NEAR(double{found[(head * shape.rows + row) * shape.columns + i]}, exact[i], 5e-5);
            }
        }
    }
}

TEST(Attention, EachSetOfInstructionsIsRightInAllShapes) {
    std::mt19937 random(1);
    for (int i = 0; i < 60; ++i)
        expect_right(
            random, {1 + random() % 4, 1 + random() % 9, 1 + random() % 70, 1 + random() % 140}, i % 2 == 0
        );
    expect_right(random, {4, 4, 602, 64}, true);  // from here on in parts
    expect_right(random, {2, 3, 512, 40}, true);
    expect_right(random, {3, 1, 1999, 24}, false);
    expect_right(random, {1, 1, 4096, 128}, false);
}

TEST(Attention, IsTheSameHoweverManyThreadsShareIt) {
    std::mt19937 random(5);
    const Attention attention(random, {4, 4, 1200, 64}, true);
    const std::vector<float> alone = attention.run(best_kernels());
    for (const int threads : {2, 3, 8}) EXPECT_EQ(attention.run(best_kernels(), threads), alone) << threads;
}

// As in a slot of which little is used: the rest may be anything, and counts nothing. Where all is hidden
// there is no answer.
TEST(Attention, PartsThatAreHiddenCountNothing) {
    std::mt19937 random(6);
    const Shape shape{2, 1, 1024, 16};
    Attention attention(random, shape, true);
    std::ranges::fill(attention.mask, -std::numeric_limits<float>::infinity());
    for (const Kernels* kernels : usable_kernels())
        for (const float one : attention.run(*kernels)) EXPECT_TRUE(std::isnan(one)) << kernels->name;
    for (const std::size_t seen : {0U, 300U, 1023U}) {
        std::ranges::fill(attention.mask, -std::numeric_limits<float>::infinity());
        attention.mask[seen] = 0;
        for (const Kernels* kernels : usable_kernels()) {
            const std::vector<float> found = attention.run(*kernels);
            for (std::size_t head = 0; head < shape.heads; ++head)
                for (std::size_t i = 0; i < shape.columns; ++i)
                    EXPECT_EQ(
                        found[head * shape.columns + i],
                        attention.rows_of(attention.values).row(head, seen)[i]
                    ) << kernels->name;
        }
    }
}

TEST(Attention, OneKeyIsAllThereIsToSee) {
    std::mt19937 random(2);
    const Attention attention(random, {1, 1, 1, 20}, false);
    for (const Kernels* kernels : usable_kernels())
        EXPECT_EQ(
            attention.run(*kernels),
            std::vector<float>(attention.values.begin(), attention.values.begin() + 20)
        ) << kernels->name;
}

// As far apart as scores can be: what is far below the largest counts nothing, and nothing runs over.
TEST(Attention, LargeScoresLeaveTheLargest) {
    std::mt19937 random(3);
    Attention attention(random, {1, 1, 40, 16}, false);
    std::ranges::fill(attention.queries, 1e6F);
    for (std::size_t i = 0; i < attention.keys.size(); ++i) attention.keys[i] = i / 19 == 17 ? 1e6F : -1e6F;
    const std::vector<float> values(
        attention.values.begin() + 17 * 19, attention.values.begin() + 17 * 19 + 16
    );
    for (const Kernels* kernels : usable_kernels())
        EXPECT_EQ(attention.run(*kernels), values) << kernels->name;
}

// A model whose numbers went wrong is found out by its logits: they must not become numbers again here.
TEST(Attention, WhatIsNoNumberStaysNone) {
    std::mt19937 random(4);
    for (const std::size_t place : {0U, 16U, 39U, 299U, 599U}) {
        Attention attention(random, {1, 1, place < 40 ? 40U : 600U, 16}, false);
        attention.keys[place * 19] = std::numeric_limits<float>::quiet_NaN();
        for (const Kernels* kernels : usable_kernels())
            for (const float one : attention.run(*kernels)) EXPECT_TRUE(std::isnan(one)) << kernels->name;
    }
}

}  // namespace
}  // namespace vignette::attention_test
