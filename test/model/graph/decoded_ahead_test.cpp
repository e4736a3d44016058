#include "model/graph/decoded_ahead.h"

#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

namespace vignette {
namespace {

constexpr int positions_max = 40;

DecodeRow row(int slot, int token, int position) {
    return {.slot = SlotId{slot}, .token = TokenId{token}, .position = position, .prompt = 5};
}

StepPlan greedy_plan() {
    static const std::vector<TokenId> prompt(5, TokenId{1});
    StepPlan plan;
    plan.admissions.push_back({.slot = SlotId{2}, .prompt = prompt});
    plan.decode = {row(0, 7, 9), row(1, 8, 11)};
    plan.choices.resize(3);
    return plan;
}

std::vector<std::vector<Candidate>> chosen(std::initializer_list<int> tokens) {
    std::vector<std::vector<Candidate>> lists;
    for (const int token : tokens) lists.push_back({Candidate{.token = TokenId{token}}});
    return lists;
}

// Each row's logits are its number, thrice.
at::Tensor logits() { return at::arange(3, at::kFloat).unsqueeze(1).expand({3, 3}); }

class Ahead : public testing::Test {
protected:
    Ahead() { renew(); }

    void renew() {
        ahead_.keep(rows_after(greedy_plan(), positions_max), logits());
        ahead_.know(chosen({11, 12, 13}));
    }

    std::vector<float> taken(const std::vector<DecodeRow>& rows) {
        const std::optional<at::Tensor> found = ahead_.take(rows);
        if (!found) return {};
        std::vector<float> numbers;
        for (std::int64_t i = 0; i < found->size(0); ++i)
            numbers.push_back(found->select(0, i)[0].item<float>());
        return numbers;
    }

    DecodedAhead ahead_;
};

TEST_F(Ahead, TheRowsThatFollowAreThoseOfTheirSequences) {
    EXPECT_EQ(taken({row(2, 11, 5), row(0, 12, 10), row(1, 13, 12)}), (std::vector<float>{0, 1, 2}));
}

TEST_F(Ahead, WhoHasEndedIsLeftOutAndOthersMayChangePlaces) {
    EXPECT_EQ(taken({row(1, 13, 12), row(2, 11, 5)}), (std::vector<float>{2, 0}));
}

TEST_F(Ahead, ARowThatWasNotForeseenMakesAllOfItWorthless) {
    EXPECT_TRUE(taken({row(0, 12, 10), row(3, 12, 10)}).empty());
    EXPECT_TRUE(taken({row(0, 12, 10)}).empty()) << "it knows nothing any more";
}

TEST_F(Ahead, AnotherTokenPositionOrPromptIsAnotherRow) {
    for (DecodeRow other : {row(0, 99, 10), row(0, 12, 11)}) {
        EXPECT_TRUE(taken({other}).empty());
        renew();
    }
    DecodeRow other = row(0, 12, 10);
    other.prompt = 6;
    EXPECT_TRUE(taken({other}).empty());
}

TEST_F(Ahead, WhatIsForgottenOrOfNoPlanIsNotThere) {
    ahead_.forget();
    EXPECT_TRUE(taken({row(0, 12, 10)}).empty());
    EXPECT_FALSE(DecodedAhead().take({}).has_value());
}

TEST_F(Ahead, WithoutTokensNothingIsKnown) {
    ahead_.keep(rows_after(greedy_plan(), positions_max), logits());
    EXPECT_TRUE(taken({row(2, 0, 5)}).empty());
}

TEST(RowsAfter, OnlyWhereTheMostLikelyTokenIsAllThatCanFollow) {
    EXPECT_EQ(rows_after(greedy_plan(), positions_max).size(), 3U);
    StepPlan beams = greedy_plan();
    beams.choices[1].candidates = 4;
    EXPECT_TRUE(rows_after(beams, positions_max).empty());
    StepPlan drawn = greedy_plan();
    drawn.choices[2].sampling = Sampling{};
    EXPECT_TRUE(rows_after(drawn, positions_max).empty());
}

TEST(RowsAfter, NoneIsBeyondTheEndOfItsSlot) {
    EXPECT_EQ(rows_after(greedy_plan(), 13).size(), 3U);
    EXPECT_TRUE(rows_after(greedy_plan(), 12).empty());
}

}  // namespace
}  // namespace vignette
