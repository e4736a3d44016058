#include "model/prompts/prompt_groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace vignette {
namespace {

std::size_t together(const std::vector<int>& lengths) { return count_together(lengths); }

TEST(PromptGroups, ShortPromptsAreReadTogetherWhateverTheirLengths) {
    EXPECT_EQ(together({33, 40, 64, 36, 33, 33, 60, 33}), 8U);
}

TEST(PromptGroups, LongOnesThatAreAlikeAreReadTogetherAsFarAsMemoryGoes) {
    EXPECT_EQ(together({2340, 2350, 2344, 2350}), 3U);  // 8,192 at most
    EXPECT_EQ(together({9000, 9000}), 1U);
}

TEST(PromptGroups, AShortOneDoesNotWaitForALongOnesTokens) {
    EXPECT_EQ(together({2350, 40}), 1U);
    EXPECT_EQ(together({40, 2350}), 1U);
    EXPECT_EQ(together({2350, 1180}), 1U);
}

TEST(PromptGroups, PaddingStaysBounded) {
    std::mt19937 draw(20);
    for (int round = 0; round < 2000; ++round) {
        std::vector<int> lengths(1 + draw() % 20);
        for (int& one : lengths) one = static_cast<int>(1 + draw() % (draw() % 2 == 0 ? 60 : 3000));
        const std::size_t count = count_together(lengths);
        ASSERT_GE(count, 1U);
        ASSERT_LE(count, lengths.size());
        lengths.resize(count);
        const int longest = *std::ranges::max_element(lengths);
        const int tokens = std::accumulate(lengths.begin(), lengths.end(), 0);
        const int padded = longest * static_cast<int>(count);
        EXPECT_LE(padded - tokens, std::max(padded / 8, 512)) << "round " << round;
    }
}

}  // namespace
}  // namespace vignette
