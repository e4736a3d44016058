#include "model/choose/choose_tokens.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "model/choose/choose_ways.h"
#include "model/golden.h"

namespace vignette {
namespace {

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
        EXPECT_NEAR(best[0].score, half - 0.25F, rounding(scores));
        EXPECT_EQ(best[1].row, 0);
        EXPECT_NEAR(best[1].score, half - 1, rounding(scores));
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

TEST(Choose, ARowsOwnRulesHoldForThatRowOnly) {
    const std::vector first{TokenId{1}};
    const std::vector<RowRules> rules{{.forbidden = first, .penalised = {}, .allowed = {}}, {}};
    for (const Way way : both_ways) {
        const std::vector<float> scores{0, 0};
        const std::vector choices{Choice{.rows = 2, .candidates = 2, .rules = rules}};
        const auto best = way(logits_of({0, 9, 3, 0, 8, -9}, 2), scores, choices).value().at(0);
        EXPECT_EQ(best.at(0).row, 1);
        EXPECT_EQ(best.at(0).token, TokenId{1});
        EXPECT_EQ(best.at(1).row, 0);
        EXPECT_EQ(best.at(1).token, TokenId{2});
    }
}

TEST(Choose, OnlyAllowedTokensAreChosenAndThoseBehindTheMaskAreNot) {
    std::vector<float> numbers(70, 0);
    numbers[1] = 9;
    numbers[40] = 5;
    numbers[69] = 7;
    const std::vector<std::uint32_t> two_words{0, 1U << 8U};
    const std::vector<RowRules> rules{{.forbidden = {}, .penalised = {}, .allowed = two_words}};
    for (const Way way : both_ways) {
        const std::vector<float> scores{0};
        for (const int candidates : {1, 2}) {
            const std::vector choices{Choice{.rows = 1, .candidates = candidates, .rules = rules}};
            const auto best = way(logits_of(numbers, 1), scores, choices).value().at(0);
            EXPECT_EQ(best.at(0).token, TokenId{40});
            if (candidates > 1) {
                EXPECT_EQ(best.at(1).score, -std::numeric_limits<float>::infinity());
            }
        }
    }
}

// One sequence that may say nothing must not fail the step of the others.
TEST(Choose, RulesThatLeaveNothingAreToldByTheScore) {
    const std::vector<std::uint32_t> nothing{0};
    const std::vector<RowRules> rules{{.forbidden = {}, .penalised = {}, .allowed = nothing}};
    for (const Way way : both_ways) {
        const std::vector<float> scores{0, 0};
        for (const bool samples : {false, true}) {
            Choice choice{.rows = 1, .candidates = 1, .rules = rules};
            if (samples) choice.sampling = Sampling{};
            const std::vector choices{choice, Choice{}};
            const auto lists = way(logits_of({1, 2, 3, 3, 2, 1}, 2), scores, choices).value();
            EXPECT_EQ(lists.at(0).at(0).score, -std::numeric_limits<float>::infinity());
            EXPECT_EQ(lists.at(1).at(0).token, TokenId{0});
        }
    }
}

TEST(Choose, LogprobsAreTheModelsOwnWhateverTheRules) {
    const std::vector forbidden{TokenId{1}};
    const std::vector said{TokenId{2}};
    const std::vector<RowRules> rules{{.forbidden = {}, .penalised = said, .allowed = {}}};
    const double sum = std::exp(1.0) + std::exp(7.0) + std::exp(6.0);
    for (const Way way : both_ways) {
        const std::vector<float> scores{-3};
        for (const int candidates : {1, 2}) {
            for (const bool samples : {false, true}) {
                if (samples && candidates > 1) continue;
                Choice choice{
                    .rows = 1,
                    .candidates = candidates,
                    .forbidden = forbidden,
                    .rules = rules,
                    .repetition_penalty = 2,
                    .logprobs = true
                };
                if (samples) choice.sampling = Sampling{.temperature = 0.3, .top_k = 1};
                const auto best = way(logits_of({1, 7, 6}, 1), scores, {&choice, 1}).value().at(0);
                ASSERT_EQ(best.at(0).token, TokenId{2});
                EXPECT_NEAR(best.at(0).logprob, 6 - std::log(sum), rounding({{1, 7, 6}}));
            }
        }
    }
}

TEST(Choose, BothWaysAgreeOnEveryRule) {
    std::mt19937 random(6);
    std::normal_distribution<float> noise(0, 3);
    constexpr int vocabulary = 333;
    const auto draw_tokens = [&](std::size_t count) {
        std::vector<int> all(vocabulary);
        std::iota(all.begin(), all.end(), 0);
        std::ranges::shuffle(all, random);
        std::vector<TokenId> tokens;
        for (std::size_t i = 0; i < count; ++i) tokens.push_back(TokenId{all[i]});
        return tokens;
    };
    for (int round = 0; round < 60; ++round) {
        std::vector<float> numbers(6 * vocabulary);
        std::ranges::generate(numbers, [&] { return std::round(noise(random) * 4) / 4; });
        std::vector<float> scores(6);
        std::ranges::generate(scores, [&] { return noise(random); });
        std::vector<std::vector<TokenId>> forbidden;
        std::vector<std::vector<TokenId>> said;
        std::vector<std::vector<std::uint32_t>> allowed(6);
        std::vector<RowRules> rules;
        for (std::size_t row = 0; row < 6; ++row) {
            forbidden.push_back(draw_tokens(random() % 9));
            said.push_back(draw_tokens(random() % 40));
            if (random() % 2 == 0) {
                allowed[row].resize(11);
                std::ranges::generate(allowed[row], [&] { return static_cast<std::uint32_t>(random()); });
            }
        }
        for (std::size_t row = 0; row < 6; ++row)
            rules.push_back({.forbidden = forbidden[row], .penalised = said[row], .allowed = allowed[row]});
        const std::span<const RowRules> all(rules);
        const bool tells = round % 2 == 0;
        const Sampling sampling{
            .temperature = 0.5 + static_cast<double>(random() % 100) / 50,
            .top_k = std::vector{0, 1, 7, 50, 400}[random() % 5],
            .top_p = std::vector{1.0, 0.9, 0.4}[random() % 3],
            .min_p = std::vector{0.0, 0.1}[random() % 2],
            .draw = static_cast<double>(random() % 1000) / 1000
        };
        const std::vector choices{
            Choice{.rules = all.first(1), .repetition_penalty = 1.3F, .logprobs = tells},
            Choice{
                .rows = 3,
                .candidates = 6,
                .rules = all.subspan(1, 3),
                .repetition_penalty = 1.2F,
                .logprobs = tells
            },
            Choice{
                .rules = all.subspan(4, 1),
                .repetition_penalty = 0.7F,
                .sampling = sampling,
                .logprobs = tells
            },
            Choice{.sampling = sampling, .logprobs = tells},
        };
        const auto one = choose_in_memory(logits_of(numbers, 6), scores, choices).value();
        EXPECT_EQ(one, choose_on_device(logits_of(numbers, 6), scores, choices).value()) << round;
    }
}

}  // namespace
}  // namespace vignette
