#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <vector>

namespace vignette {
namespace {

int admissible(const std::vector<int>& waiting, int free, int most = 8) {
    return count_admissible({.waiting_slots = waiting, .free_slots = free, .admissions_max = most});
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

TEST(Scheduler, NobodyStartsWhereNobodyWaitsOrNothingIsFree) {
    EXPECT_EQ(admissible({}, 4), 0);
    EXPECT_EQ(admissible({1}, 0), 0);
}

}  // namespace
}  // namespace vignette
