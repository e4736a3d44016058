#include "engine/admission/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <numeric>
#include <random>
#include <vector>

namespace vignette {
namespace {

using Counts = std::vector<int>;

Counts planned(const Counts& tokens, const ReadingRules& rules) {
    std::vector<Unread> newcomers;
    for (const int count : tokens) newcomers.push_back({.tokens = count});
    return plan_reading(newcomers, rules);
}

TEST(PlanReading, WhereNobodyWaitsAllIsRead) {
    EXPECT_EQ(planned({3000, 40, 9000}, {}), (Counts{3000, 40, 9000}));
    EXPECT_EQ(planned({3000, 40}, {.in_parts = true}), (Counts{3000, 40}));
    EXPECT_EQ(planned({}, {}), Counts{});
}

TEST(PlanReading, NoMoreTokensAreReadTogetherThanOthersCanWaitFor) {
    EXPECT_EQ(planned({40, 40, 40}, {.tokens_max = 100}), (Counts{40, 40, 0}));
    EXPECT_EQ(planned({40, 60, 1}, {.tokens_max = 100}), (Counts{40, 60, 0}));
    EXPECT_EQ(planned({40, 61, 1}, {.tokens_max = 100}), (Counts{40, 0, 0})) << "nobody overtakes";
}

TEST(PlanReading, ALongPromptIsReadWholeAndAloneWhereItHasNoParts) {
    EXPECT_EQ(planned({3000, 40}, {.tokens_max = 100}), (Counts{3000, 0}));
}

TEST(PlanReading, ALongPromptIsReadInPartsAndTheNextBeginsWithWhatIsLeft) {
    const ReadingRules rules{.tokens_max = 100, .in_parts = true};
    EXPECT_EQ(planned({250, 40}, rules), (Counts{100, 0}));
    EXPECT_EQ(planned({50, 40}, rules), (Counts{50, 40}));
    EXPECT_EQ(planned({50, 300, 1}, rules), (Counts{50, 50, 0}));
    EXPECT_EQ(planned({100, 300, 1}, rules), (Counts{100, 0, 0}));
}

TEST(PlanReading, WhoAsksTheSameAsOneThatIsReadToTheEndCostsNothing) {
    const std::vector<Unread> four{
        {.tokens = 90}, {.tokens = 90, .same = true}, {.tokens = 90, .same = true}, {.tokens = 20}
    };
    EXPECT_EQ(plan_reading(four, {.tokens_max = 100}), (Counts{90, 90, 90, 0}));
    EXPECT_EQ(plan_reading(four, {.tokens_max = 100, .in_parts = true}), (Counts{90, 90, 90, 10}));
    EXPECT_EQ(plan_reading(four, {.tokens_max = 80, .in_parts = true}), (Counts{80, 0, 0, 0}));
    EXPECT_EQ(plan_reading(four, {.tokens_max = 80}), (Counts{90, 90, 90, 0}))
        << "the first cannot be parted";
}

// Random newcomers over many steps: no step reads more than it may, each prompt is read once and in order,
// and as fast as the budget allows.
TEST(PlanReading, ReadsEverythingWithinItsBudget) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        const int most = static_cast<int>(random() % 200) + 1;
        std::deque<Unread> left;
        int cost = 0;
        for (std::size_t n = random() % 20 + 1; left.size() < n;) {
            const bool same = !left.empty() && random() % 4 == 0;
            const int tokens = same ? left.back().tokens : static_cast<int>(random() % 500) + 1;
            left.push_back({.tokens = tokens, .same = same});
            cost += same ? 0 : tokens;
        }
        int steps = 0;
        for (; !left.empty(); ++steps) {
            ASSERT_LT(steps, 20'000) << "seed " << seed << ": somebody waits for ever";
            const std::vector<Unread> newcomers(left.begin(), left.end());
            const Counts counts = plan_reading(newcomers, {.tokens_max = most, .in_parts = true});
            int read = 0;
            for (std::size_t i = 0; i < counts.size(); ++i) {
                ASSERT_TRUE(counts[i] >= 0 && counts[i] <= newcomers[i].tokens);
                ASSERT_TRUE(i == 0 || counts[i] == 0 || counts[i - 1] == newcomers[i - 1].tokens)
                    << "overtaken";
                if (!newcomers[i].same) read += counts[i];
            }
            ASSERT_TRUE(read <= most && counts.front() > 0) << "seed " << seed;
            for (const int count : counts) {
                if (count == 0) break;
                left.front().tokens -= count;
                if (left.front().tokens > 0) break;
                left.pop_front();
            }
        }
        ASSERT_EQ(steps, std::max(1, (cost + most - 1) / most)) << "seed " << seed;
    }
}

}  // namespace
}  // namespace vignette
