#include "engine/sequence.h"

#include <gtest/gtest.h>

#include <set>

#include "fakes/scripted_model.h"

namespace vignette::sequence_test {
namespace {

constexpr TokenId end{9};
constexpr int vocabulary = 32;
const std::vector<TokenId> prompt{TokenId{1}, TokenId{2}};

Candidate candidate(int row, int token, float score) {
    return {.row = row, .token = TokenId{token}, .score = score};
}

std::vector<SlotId> slots_of(const StepPlan& plan) {
    std::vector<SlotId> slots;
    for (const DecodeRow& row : plan.decode) slots.push_back(row.slot);
    return slots;
}

GenerationRequest request_of(DecodingRules rules) {
    GenerationRequest request{.prompt = prompt, .rules = std::move(rules)};
    request.pictures.push_back(std::make_unique<ScriptedPixels>(3));
    return request;
}

void advance(Sequence& sequence, std::vector<Candidate> best) {
    EXPECT_TRUE(sequence.advance(best).has_value());
}

StepPlan decode_plan(const Sequence& sequence) {
    StepPlan plan;
    sequence.plan_decode(plan);
    return plan;
}

// Three beams that have said one token each: in slots 0, 2 and 1, or any other order.
Sequence three_beams(SlotPool& pool) {
    const GenerationRequest request = request_of({.max_length = 9, .num_beams = 3, .end = {end}});
    Sequence sequence(request, *pool.lend(3), vocabulary);
    advance(
        sequence, {candidate(0, 10, -1), candidate(0, 11, -2), candidate(0, 12, -3), candidate(0, 13, -4),
                   candidate(0, 14, -5), candidate(0, 15, -6)}
    );
    return sequence;
}

TEST(Sequence, ReadsItsPromptIntoOneSlotAndCopiesItToTheOtherBeams) {
    SlotPool pool(3);
    const Sequence sequence = three_beams(pool);
    const StepPlan plan = decode_plan(sequence);
    ASSERT_EQ(plan.copies.size(), 2U);
    for (const SlotCopy& copy : plan.copies) {
        EXPECT_EQ(copy.from, SlotId{0});
        EXPECT_EQ(copy.length, 2);
        EXPECT_EQ(copy.same, 0);
    }
    ASSERT_EQ(plan.decode.size(), 3U);
    EXPECT_EQ(plan.decode[0].slot, SlotId{0});
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(plan.decode[i].position, 2);
        EXPECT_EQ(plan.decode[i].token, TokenId{10 + static_cast<int>(i)});
        EXPECT_EQ(plan.decode[i].score, -1 - static_cast<float>(i));
    }
    ASSERT_EQ(plan.choices.size(), 1U);
    EXPECT_EQ(plan.choices[0].rows, 3);
    EXPECT_EQ(plan.choices[0].candidates, 6);
}

TEST(Sequence, FirstChildStaysAndOnlyFurtherOnesAreCopiedIntoChildlessSlots) {
    SlotPool pool(3);
    Sequence sequence = three_beams(pool);
    const std::vector<SlotId> before = slots_of(decode_plan(sequence));
    advance(
        sequence, {candidate(2, 20, -4), candidate(2, 21, -5), candidate(0, 22, -6), candidate(1, 23, -7),
                   candidate(1, 24, -8), candidate(1, 25, -9)}
    );
    const StepPlan plan = decode_plan(sequence);
    EXPECT_EQ(slots_of(plan), (std::vector<SlotId>{before[2], before[1], before[0]}));
    ASSERT_EQ(plan.copies.size(), 1U);
    EXPECT_EQ(plan.copies[0].from, before[2]);
    EXPECT_EQ(plan.copies[0].to, before[1]);
    EXPECT_EQ(plan.copies[0].length, 3);
    EXPECT_EQ(plan.copies[0].same, 2) << "all beams have the prompt since they began";
}

TEST(Sequence, BeamsThatOnlyChangePlacesAreNotCopied) {
    SlotPool pool(3);
    Sequence sequence = three_beams(pool);
    const std::vector<SlotId> before = slots_of(decode_plan(sequence));
    advance(
        sequence, {candidate(1, 20, -4), candidate(2, 21, -5), candidate(0, 22, -6), candidate(0, 23, -7),
                   candidate(0, 24, -8), candidate(0, 25, -9)}
    );
    const StepPlan plan = decode_plan(sequence);
    EXPECT_TRUE(plan.copies.empty());
    EXPECT_EQ(slots_of(plan), (std::vector<SlotId>{before[1], before[2], before[0]}));
}

TEST(Sequence, NoSlotIsReadAndWrittenByOnePlan) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        ScriptedModel model({.shape = {.slots = 5, .positions = 64, .vocabulary = 32}, .seed = seed});
        SlotPool pool(5);
        const GenerationRequest request =
            request_of({.max_length = 12, .num_beams = 2 + static_cast<int>(seed % 4), .end = {end}});
        Sequence sequence(request, *pool.lend(request.rules.num_beams), vocabulary);
        StepPlan plan;
        sequence.plan_admission(plan);
        for (;;) {
            const Result<StepResult> result = model.step(plan);
            ASSERT_TRUE(result.has_value());
            advance(sequence, result->candidates.at(0));
            if (sequence.finished()) break;
            plan = decode_plan(sequence);
            std::set<SlotId> read;
            for (const SlotCopy& copy : plan.copies) read.insert(copy.from);
            for (const SlotCopy& copy : plan.copies) ASSERT_FALSE(read.contains(copy.to)) << seed;
        }
    }
}

TEST(Sequence, ForbidsTheEndUntilTheLeastLengthIsReached) {
    SlotPool pool(1);
    const GenerationRequest request =
        request_of({.max_length = 9, .min_length = 2, .num_beams = 1, .end = {end}});
    Sequence sequence(request, *pool.lend(1), vocabulary);
    StepPlan first;
    sequence.plan_admission(first);
    ASSERT_EQ(first.choices.size(), 1U);
    EXPECT_EQ(first.choices[0].forbidden.size(), 1U);
    EXPECT_EQ(first.choices[0].candidates, 1);
    advance(sequence, {candidate(0, 5, 0)});
    EXPECT_EQ(decode_plan(sequence).choices.at(0).forbidden.size(), 1U);
    advance(sequence, {candidate(0, 6, 0)});
    EXPECT_TRUE(decode_plan(sequence).choices.at(0).forbidden.empty());
}

TEST(Sequence, WritesEachTokenBehindTheLastOne) {
    SlotPool pool(1);
    const GenerationRequest request = request_of({.max_length = 9, .num_beams = 1, .end = {end}});
    Sequence sequence(request, *pool.lend(1), vocabulary);
    for (int said = 0; said < 3; ++said) {
        advance(sequence, {candidate(0, said, 0)});
        const StepPlan plan = decode_plan(sequence);
        ASSERT_EQ(plan.decode.size(), 1U);
        EXPECT_EQ(plan.decode[0].position, 2 + said);
        EXPECT_EQ(plan.decode[0].token, TokenId{said});
    }
}

TEST(Sequence, HasNoRowsAfterItsEndAndGivesItsSlotsBackWhenItDies) {
    SlotPool pool(3);
    {
        const GenerationRequest request = request_of({.max_length = 9, .num_beams = 1, .end = {end}});
        Sequence sequence(request, *pool.lend(1), vocabulary);
        advance(sequence, {candidate(0, 9, 0)});
        EXPECT_TRUE(sequence.finished());
        EXPECT_EQ(sequence.decoded().front().tokens, std::vector<TokenId>{end});
        EXPECT_EQ(pool.free(), 2);
    }
    EXPECT_EQ(pool.free(), 3);
}

}  // namespace
}  // namespace vignette::sequence_test
