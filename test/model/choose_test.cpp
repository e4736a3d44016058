#include "model/choose.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace vignette {
namespace {

using Way = Result<CandidateLists> (*)(const at::Tensor&, std::span<const float>, std::span<const Choice>);
constexpr Way both_ways[] = {choose_in_memory, choose_on_device};

at::Tensor logits_of(std::vector<float> numbers, int rows) {
    const auto columns = static_cast<std::int64_t>(numbers.size()) / rows;
    at::Tensor tensor = at::empty({rows, columns}, at::kFloat);
    std::ranges::copy(numbers, tensor.mutable_data_ptr<float>());
    return tensor;
}

TEST(Choose, OneCandidateIsTheFirstOfTheLargest) {
    for (const Way way : both_ways) {
        const std::vector<float> scores{0};
        const std::vector choices{Choice{.rows = 1, .candidates = 1, .forbidden = {}}};
        const auto lists = way(logits_of({1, 7, -2, 7}, 1), scores, choices).value();
        EXPECT_EQ(lists.at(0), (std::vector{Candidate{.row = 0, .token = TokenId{1}, .score = 0}}));
    }
}

TEST(Choose, AForbiddenTokenIsNeverChosen) {
    const std::vector forbidden{TokenId{1}};
    for (const Way way : both_ways) {
        const std::vector<float> scores{0, 0};
        const std::vector choices{
            Choice{.rows = 1, .candidates = 1, .forbidden = forbidden},
            Choice{.rows = 1, .candidates = 2, .forbidden = forbidden}
        };
        const auto lists = way(logits_of({1, 7, -2, 1, 7, -2}, 2), scores, choices).value();
        EXPECT_EQ(lists.at(0).at(0).token, TokenId{0});
        EXPECT_EQ(lists.at(1).at(0).token, TokenId{0});
        EXPECT_EQ(lists.at(1).at(1).token, TokenId{2});
    }
}

// log_softmax first, forbidden after it: the others do not inherit the probability.
TEST(Choose, CandidatesCarryTheirRowAndLogProbabilityPlusTheRowsScore) {
    const std::vector forbidden{TokenId{0}};
    const float half = std::log(0.5F);
    for (const Way way : both_ways) {
        const std::vector<float> scores{-1, -0.25F};
        const std::vector choices{Choice{.rows = 2, .candidates = 2, .forbidden = forbidden}};
        const auto best = way(logits_of({0, 0, 0, 0}, 2), scores, choices).value().at(0);
        ASSERT_EQ(best.size(), 2U);
        EXPECT_EQ(best[0].row, 1);
        EXPECT_FLOAT_EQ(best[0].score, half - 0.25F);
        EXPECT_EQ(best[1].row, 0);
        EXPECT_FLOAT_EQ(best[1].score, half - 1);
    }
}

TEST(Choose, MoreCandidatesThanThereAreIsAllOfThem) {
    const std::vector<float> scores{0};
    const std::vector choices{Choice{.rows = 1, .candidates = 9, .forbidden = {}}};
    for (const Way way : both_ways)
        EXPECT_EQ(way(logits_of({1, 2, 3}, 1), scores, choices).value().at(0).size(), 3U);
}

TEST(Choose, BothWaysAgreeOnMixedGroups) {
    std::mt19937 random(5);
    std::normal_distribution<float> noise(0, 3);
    const std::vector forbidden{TokenId{3}, TokenId{100}};
    for (int round = 0; round < 50; ++round) {
        std::vector<float> numbers(8 * 333);
        std::ranges::generate(numbers, [&] { return noise(random); });
        std::vector<float> scores(8);
        std::ranges::generate(scores, [&] { return noise(random); });
        const std::vector choices{
            Choice{.rows = 1, .candidates = 1, .forbidden = forbidden},
            Choice{.rows = 3, .candidates = 6, .forbidden = forbidden},
            Choice{.rows = 1, .candidates = 6, .forbidden = {}},
            Choice{.rows = 3, .candidates = 9, .forbidden = {}}
        };
        const auto one = choose_in_memory(logits_of(numbers, 8), scores, choices).value();
        EXPECT_EQ(one, choose_on_device(logits_of(numbers, 8), scores, choices).value());
    }
}

TEST(Choose, WhatIsNotANumberIsTheModelsFailure) {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    constexpr float infinity = std::numeric_limits<float>::infinity();
    const std::vector<float> scores{0};
    for (const Way way : both_ways) {
        for (const float bad : {nan, infinity}) {
            for (const int candidates : {1, 2}) {
                const std::vector choices{Choice{.rows = 1, .candidates = candidates, .forbidden = {}}};
                const auto outcome = way(logits_of({1, 2, bad, 3}, 1), scores, choices);
                ASSERT_FALSE(outcome);
                EXPECT_EQ(outcome.error().code, ErrorCode::model_failed);
            }
        }
    }
}

TEST(Choose, ForbiddingWhatTheModelDoesNotKnowIsOurMistake) {
    const std::vector forbidden{TokenId{4}};
    const std::vector<float> scores{0};
    const std::vector choices{Choice{.rows = 1, .candidates = 1, .forbidden = forbidden}};
    for (const Way way : both_ways)
        EXPECT_EQ(way(logits_of({1, 2, 3, 4}, 1), scores, choices).error().code, ErrorCode::internal);
}

}  // namespace
}  // namespace vignette
