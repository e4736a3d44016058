// What is computed between the products of a decoder, in each set of instructions, against float64.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/cpu/choose.h"

namespace vignette::between_test {
namespace {

constexpr float untouched = -12345;

std::vector<float> draw(std::mt19937& random, std::size_t count, float size = 1) {
    std::normal_distribution<float> normal(0, size);
    std::vector<float> made(count);
    for (float& value : made) value = normal(random);
    return made;
}

std::vector<std::size_t> some_counts() { return {1, 2, 15, 16, 17, 63, 64, 65, 130, 1000, 4096}; }

TEST(Norm, EachSetOfInstructionsIsRightInAllWidths) {
    std::mt19937 random(1);
    constexpr std::size_t rows = 3;
    for (const std::size_t columns : some_counts()) {
        const std::vector<float> from = draw(random, rows * columns, 3), weights = draw(random, columns);
        for (const Kernels* kernels : usable_kernels()) {
            SCOPED_TRACE(std::string(kernels->name) + ": " + std::to_string(columns));
            std::vector<float> found(rows * columns + 1, untouched);
            kernels->norm({from.data(), weights.data(), found.data(), rows, columns, 1e-5F});
            for (std::size_t row = 0; row < rows; ++row) {
                const float* const values = from.data() + row * columns;
                double squares = 0;
                for (std::size_t i = 0; i < columns; ++i) squares += double{values[i]} * values[i];
                const double factor = 1 / std::sqrt(squares / static_cast<double>(columns) + 1e-5);
                for (std::size_t i = 0; i < columns; ++i) {
                    const double exact = double{values[i]} * factor * weights[i];
                    ASSERT_NEAR(double{found[row * columns + i]}, exact, 1e-6 * (1 + std::abs(exact)));
                }
            }
            EXPECT_EQ(found.back(), untouched);
        }
    }
}

TEST(Norm, RowsOfZerosStayZerosAndWhatIsNoNumberStaysNone) {
    const std::vector<float> zeros(40), weights(40, 2.0F);
    std::vector<float> nan = zeros;
    nan[33] = std::numeric_limits<float>::quiet_NaN();
    for (const Kernels* kernels : usable_kernels()) {
        std::vector<float> found(40, untouched);
        kernels->norm({zeros.data(), weights.data(), found.data(), 1, 40, 1e-6F});
        EXPECT_EQ(found, zeros) << kernels->name;
        kernels->norm({nan.data(), weights.data(), found.data(), 1, 40, 1e-6F});
        for (const float one : found) EXPECT_TRUE(std::isnan(one)) << kernels->name;
    }
}

// Two sequences of positions with their heads, of which a thread may have any part.
TEST(Turn, EachSetOfInstructionsIsRightInAllWidths) {
    std::mt19937 random(2);
    constexpr std::size_t positions = 3, heads = 2, all = 2 * positions * heads;
    for (const std::size_t columns : some_counts()) {
        const std::size_t shift = columns / 2;
        const std::vector<float> from = draw(random, all * columns);
        const std::vector<float> cosines = draw(random, positions * columns),
                                 sines = draw(random, cosines.size());
        for (const Kernels* kernels : usable_kernels()) {
            SCOPED_TRACE(std::string(kernels->name) + ": " + std::to_string(columns));
            std::vector<float> found(all * columns, untouched);
            constexpr std::size_t cut = 5;
            for (const auto& [first, rows] : {std::pair{std::size_t{0}, cut}, std::pair{cut, all - cut}}) {
                const std::size_t begin = first * columns;
                kernels->turn(
                    {from.data() + begin, cosines.data(), sines.data(), found.data() + begin, first, rows,
                     heads, positions, columns, shift}
                );
            }
            for (std::size_t row = 0; row < all; ++row) {
                const std::size_t turn = row / heads % positions * columns;
                for (std::size_t i = 0; i < columns; ++i) {
                    const float other = from[row * columns + (i + columns - shift) % columns];
                    const double exact =
                        double{from[row * columns + i]} * cosines[turn + i] + double{other} * sines[turn + i];
                    ASSERT_NEAR(double{found[row * columns + i]}, exact, 2e-6 * (1 + std::abs(exact)));
                }
            }
        }
    }
}

double open_exactly(double x, double factor) { return x / (1 + std::exp(-factor * x)); }

TEST(Gate, EachSetOfInstructionsIsRightForAllCounts) {
    std::mt19937 random(3);
    for (const std::size_t count : some_counts()) {
        const std::vector<float> from = draw(random, count, 8), times = draw(random, count);
        for (const Kernels* kernels : usable_kernels()) {
            for (const float factor : {1.0F, 1.702F}) {
                SCOPED_TRACE(std::string(kernels->name) + ": " + std::to_string(count));
                std::vector<float> alone(count + 1, untouched), gated(count + 1, untouched);
                kernels->gate({from.data(), nullptr, alone.data(), count, factor});
                kernels->gate({from.data(), times.data(), gated.data(), count, factor});
                for (std::size_t i = 0; i < count; ++i) {
                    const double exact = open_exactly(double{from[i]}, double{factor});
                    ASSERT_NEAR(double{alone[i]}, exact, 1e-6 * (1e-3 + std::abs(exact)) + 1e-30);
                    ASSERT_NEAR(
                        double{gated[i]}, exact * times[i], 1e-5 * (1e-3 + std::abs(exact * times[i]))
                    );
                }
                EXPECT_EQ(alone.back(), untouched);
                EXPECT_EQ(gated.back(), untouched);
            }
        }
    }
}

TEST(Gate, WideOpenCloseToShutAndNoNumber) {
    const float none = std::numeric_limits<float>::quiet_NaN();
    const float endless = std::numeric_limits<float>::infinity();
    const std::vector<float> from = {0, -0.0F, 1e30F, -1e30F, 90, -90, endless, none};
    for (const Kernels* kernels : usable_kernels()) {
        std::vector<float> found(from.size(), untouched);
        kernels->gate({from.data(), nullptr, found.data(), from.size(), 1});
        EXPECT_EQ(found[0], 0) << kernels->name;
        EXPECT_EQ(found[1], 0) << kernels->name;
        EXPECT_EQ(found[2], 1e30F) << kernels->name;
        EXPECT_EQ(found[3], 0) << kernels->name;
        EXPECT_EQ(found[4], 90) << kernels->name;
        EXPECT_NEAR(found[5], 0, 1e-30) << kernels->name;
        EXPECT_EQ(found[6], endless) << kernels->name;
        EXPECT_TRUE(std::isnan(found[7])) << kernels->name;
    }
}

}  // namespace
}  // namespace vignette::between_test
