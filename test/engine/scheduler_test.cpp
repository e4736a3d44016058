#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <vector>

namespace vignette {
namespace {

int admissible(const std::vector<int>& slots, int free, int most = 8) {
    std::vector<Waiting> waiting;
    for (const int wanted : slots) waiting.push_back({.slots = wanted});
    return count_admissible({.waiting = waiting, .free_slots = free, .admissions_max = most});
}

int with_tokens(const std::vector<int>& tokens, int most) {
    std::vector<Waiting> waiting;
    for (const int wanted : tokens) waiting.push_back({.tokens = wanted});
    return count_admissible({.waiting = waiting, .free_slots = 9, .tokens_max = most});
}

TEST(Scheduler, NobodyOvertakesTheFirstThatDoesNotFit) {
    EXPECT_EQ(admissible({9, 1}, 4), 0);
    EXPECT_EQ(admissible({1, 9, 1}, 4), 1);
}

TEST(Scheduler, WhoeverFitsStarts) {
    EXPECT_EQ(admissible({1, 3, 1}, 5), 3);
    EXPECT_EQ(admissible({1, 3, 1}, 4), 2);
    EXPECT_EQ(admissible({4}, 4), 1);
}

TEST(Scheduler, NoMoreStartTogetherThanTheVisionSideTakes) {
    EXPECT_EQ(admissible({1, 1, 1}, 9, 2), 2);
    EXPECT_EQ(admissible({1, 1, 1}, 9, 0), 0);
    EXPECT_EQ(admissible({1, 1, 1}, 9, -1), 0);
}

TEST(Scheduler, NoMoreTokensAreReadTogetherThanOthersCanWaitFor) {
    EXPECT_EQ(with_tokens({40, 40, 40}, 100), 2);
    EXPECT_EQ(with_tokens({40, 60, 1}, 100), 2);
    EXPECT_EQ(with_tokens({40, 61, 1}, 100), 1);
}

TEST(Scheduler, ALongPromptStartsAloneAndBringsThoseThatAskTheSame) {
    EXPECT_EQ(with_tokens({3000, 40}, 100), 1);
    EXPECT_EQ(with_tokens({3000, 0, 0, 40}, 100), 3);
}

TEST(Scheduler, NobodyStartsWhereNobodyWaitsOrNothingIsFree) {
    EXPECT_EQ(admissible({}, 4), 0);
    EXPECT_EQ(admissible({1}, 0), 0);
}

}  // namespace
}  // namespace vignette
