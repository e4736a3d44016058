#include "model/graph/step_graphs.h"

#include <ATen/ops/stack.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "model/graph/repeating.h"

namespace vignette {
namespace {

constexpr SlotId scratch{100};

struct StepGraphsTest : testing::Test {
    // A row's logits are its numbers.
    at::Tensor decode_columns(std::span<const at::Tensor> columns) {
        std::set<const void*> places;
        for (const at::Tensor& column : columns) places.insert(column.const_data_ptr());
        places_seen.insert(places);
        rows_decoded = columns[0].size(0);
        seen = at::stack(columns, 1).to(at::kFloat);
        return seen.add(noise);
    }

    std::optional<at::Tensor> decode(int rows, int first_token = 10) {
        std::vector<DecodeRow> asked;
        for (int i = 0; i < rows; ++i)
            asked.push_back({.slot = SlotId{i}, .token = TokenId{first_token + i}, .position = 7, .prompt = 3}
            );
        return graphs.decode(asked, {}, {}, [this](auto columns) { return decode_columns(columns); });
    }

    int replays = 0;
    int recorded = 0;
    float noise = 0;  // in what is decoded
    bool recordable = true;
    std::int64_t rows_decoded = 0;
    at::Tensor seen;
    std::set<std::set<const void*>> places_seen;
    StepGraphs graphs{
        [this](const std::function<void()>& work) {
            ++recorded;
            if (!recordable) throw std::runtime_error("cannot be recorded");
            return std::make_unique<Repeating>(work, replays);
        },
        scratch, at::kCPU
    };
};

TEST_F(StepGraphsTest, ANumberOfRowsBelongsToTheLeastGraphThatHoldsIt) {
    EXPECT_EQ(StepGraphs::bucket_of(1), 1);
    EXPECT_EQ(StepGraphs::bucket_of(3), 4);
    EXPECT_EQ(StepGraphs::bucket_of(17), 24);
    EXPECT_EQ(StepGraphs::bucket_of(96), 96);
    EXPECT_EQ(StepGraphs::bucket_of(97), std::nullopt);
}

TEST_F(StepGraphsTest, TheThirdStepOfItsKindIsRecordedAndTheOthersReplayed) {
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(decode(3)) << "it comes and goes";
    EXPECT_EQ(recorded, 0);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(decode(i % 2 == 0 ? 3 : 4));
    EXPECT_EQ(recorded, 1);
    EXPECT_EQ(replays, 5);
    EXPECT_FALSE(decode(1)) << "another kind";
}

TEST_F(StepGraphsTest, TheRowsComeFirstAndTheOthersAreIdleOnTheScratchSlot) {
    for (int i = 0; i < 4; ++i) {
        const auto logits = decode(3, 10 * i);
        if (i < 2) continue;
        EXPECT_EQ(rows_decoded, 4);
        ASSERT_EQ(logits->size(0), 3);
        for (int row = 0; row < 3; ++row) {
            EXPECT_EQ((*logits)[row][0].item<int>(), 10 * i + row);
            EXPECT_EQ((*logits)[row][3].item<int>(), row);
        }
        EXPECT_EQ(seen[3][3].item<int>(), std::to_underlying(scratch));
        EXPECT_EQ(seen[3][1].item<int>(), 3) << "its first word after a prompt that is possible";
        EXPECT_EQ(seen[3][2].item<int>(), 3);
    }
}

TEST_F(StepGraphsTest, AGraphsNumbersStayWhereTheyAre) {
    for (int i = 0; i < 10; ++i) decode(3, i);
    EXPECT_EQ(places_seen.size(), 1U);
}

TEST_F(StepGraphsTest, WhatCannotBeRecordedIsDecodedPlainlyForEver) {
    recordable = false;
    for (int i = 0; i < 2; ++i) decode(3);
    EXPECT_TRUE(decode(3)) << "the step itself was done";
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(decode(3));
    EXPECT_EQ(recorded, 1);
}

TEST_F(StepGraphsTest, ARecordingThatMakesOtherNumbersIsNotUsed) {
    for (int i = 0; i < 2; ++i) decode(3);
    graphs = StepGraphs(
        [this](const std::function<void()>& work) {
            noise = 1;
            return std::make_unique<Repeating>(work, replays);
        },
        scratch, at::kCPU
    );
    for (int i = 0; i < 2; ++i) EXPECT_FALSE(decode(3));
    EXPECT_EQ((*decode(3))[0][0].item<int>(), 10) << "what was decoded plainly";
    EXPECT_FALSE(decode(3));
}

TEST_F(StepGraphsTest, MoreRowsThanTheLargestGraphHoldsAreDecodedPlainly) {
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(decode(97));
    EXPECT_EQ(rows_decoded, 0);
}

}  // namespace
}  // namespace vignette
