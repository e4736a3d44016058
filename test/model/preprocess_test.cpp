#include "model/preprocess.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <thread>
#include <vector>

#include "model/golden.h"

namespace vignette {
namespace {

std::vector<float> values(const Pixels& pixels) {
    const at::Tensor& tensor = dynamic_cast<const TorchPixels&>(pixels).values();
    const float* first = tensor.const_data_ptr<float>();
    return {first, first + tensor.numel()};
}

bool same_bits(const std::vector<float>& one, const std::vector<float>& other) {
    return std::ranges::equal(one, other, [](float a, float b) {
        return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    });
}

TEST(Preprocess, GivesTheReferencesPixelsBitForBit) {
    const Golden golden;
    const Preprocessor preprocess(golden_manifest().info.pixels);
    ASSERT_GT(golden.pictures(), 0);
    for (int number = 0; number < golden.pictures(); ++number) {
        const auto pixels = preprocess(golden.image(number)).value();
        EXPECT_TRUE(same_bits(values(*pixels), golden.floats("pixels", number))) << number;
    }
}

TEST(Preprocess, MayRunInManyThreadsAtOnce) {
    const Golden golden;
    const Preprocessor preprocess(golden_manifest().info.pixels);
    std::vector<char> equal(4, 0);
    {
        std::vector<std::jthread> threads;
        for (char& outcome : equal) {
            threads.emplace_back([&] {
                const auto pixels = preprocess(golden.image(2)).value();
                outcome = same_bits(values(*pixels), golden.floats("pixels", 2)) ? 1 : 0;
            });
        }
    }
    EXPECT_EQ(equal, std::vector<char>(4, 1));
}

}  // namespace
}  // namespace vignette
