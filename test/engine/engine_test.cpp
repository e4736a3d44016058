#include "engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "engine/callers.h"
#include "engine/expected_text.h"
#include "fakes/scripted_model.h"

namespace vignette::engine_test {
namespace {

constexpr TokenId end{5};
constexpr TokenId other_end{6};

Script chatty() {
    return {
        .shape = {.slots = 9, .positions = 40, .vocabulary = 40},
        .favoured = {end, other_end},
        .bias = 3,
        .seed = 11,
    };
}

TestRequest random_option(std::mt19937& random) {
    TestRequest asked{.picture = static_cast<int>(random() % 50), .prompt = {}, .rules = {}};
    for (std::size_t n = random() % 6 + 1; asked.prompt.size() < n;) {
        asked.prompt.push_back(TokenId{static_cast<int>(random() % 40)});
    }
    asked.rules.num_beams = random() % 3 == 0 ? 1 : static_cast<int>(random() % 5) + 1;
    asked.rules.max_length = static_cast<int>(random() % 25) + 1;
    asked.rules.min_length = static_cast<int>(random() % 4);
    asked.rules.length_penalty = static_cast<double>(random() % 3);
    asked.rules.early_stopping = random() % 2 == 0;
    asked.rules.end = {end};
    if (random() % 2 == 0) asked.rules.end.push_back(other_end);
    return asked;
}

int most_groups(const ScriptedModel& model) {
    int most = 0;
    for (const StepRecord& step : model.steps()) most = std::max(most, step.groups);
    return most;
}

TEST(Engine, EachRequestSaysWhatItSaysAlone) {
    ScriptedModel model(chatty());
    Engine engine(model, {});
    {
        std::vector<std::jthread> clients;
        for (unsigned client = 0; client < 6; ++client) {
            clients.emplace_back([&, client] {
                std::mt19937 random(client);
                for (int i = 0; i < 60; ++i) {
                    const TestRequest asked = random_option(random);
                    expect_text(engine.generate(request_of(asked)), model, asked);
                }
            });
        }
    }
    EXPECT_GT(most_groups(model), 1) << "nothing ran side by side";
    expect_all_slots_free(engine, model);
}

TEST(Engine, WhatARequestYieldsDoesNotDependOnItsNeighbours) {
    const TestRequest asked{.picture = 4, .rules = {.max_length = 20, .num_beams = 3, .end = {end}}};
    ScriptedModel alone(chatty());
    const Result<Generation> expected = Engine(alone, {}).generate(request_of(asked));
    ASSERT_TRUE(expected.has_value());

    ScriptedModel model(chatty());
    Engine engine(model, inbox_of(3));
    model.gate.shut();
    Callers callers(engine);
    std::vector<int> same{callers.call(asked)};
    model.gate.await();
    for (const int caller : callers.fill(3, asked)) same.push_back(caller);
    model.gate.open();
    for (const int caller : same) {
        const Result<Generation> found = callers.answer(caller);
        ASSERT_TRUE(found.has_value());
        EXPECT_EQ(found->decoded.front().tokens, expected->decoded.front().tokens);
        EXPECT_EQ(found->decoded.front().score, expected->decoded.front().score);
    }
    EXPECT_EQ(most_groups(model), 3) << "9 slots hold three of them side by side";
}

TEST(Engine, NobodyOvertakesTheFirstThatDoesNotFit) {
    ScriptedModel model(roomy(4));
    Engine engine(model, inbox_of(2));
    model.gate.shut();
    Callers callers(engine);
    const int long_one = callers.call({.picture = 1, .rules = endless(1)});
    model.gate.await();
    const std::vector<int> big = callers.fill(2, {.picture = 2, .rules = brief(4)});
    model.gate.let_one_through_and_await();  // both wait now
    callers.cancel(big[1]);
    model.gate.let_one_through_and_await();  // one waits
    EXPECT_EQ(code_of(callers.answer(big[1])), ErrorCode::cancelled);
    const std::vector<int> small = callers.fill(1, {.picture = 3, .rules = brief(1)});
    for (int i = 0; i < 5; ++i) model.gate.let_one_through_and_await();  // three slots are free all the time
    callers.cancel(long_one);
    model.gate.open();
    EXPECT_EQ(code_of(callers.answer(long_one)), ErrorCode::cancelled);
    EXPECT_TRUE(callers.answer(big[0]).has_value());
    for (const int caller : small) EXPECT_TRUE(callers.answer(caller).has_value());
    std::vector<int> order;
    for (const StepRecord& step : model.steps())
        order.insert(order.end(), step.admitted.begin(), step.admitted.end());
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Engine, TurnsAwayWhoeverFindsTheInboxFullAndServesTheOthers) {
    ScriptedModel model(roomy(4));
    Engine engine(model, inbox_of(3));
    model.gate.shut();
    Callers callers(engine);
    const TestRequest asked{.picture = 1, .rules = brief(1)};
    const int first = callers.call(asked);
    model.gate.await();
    const std::vector<int> inside = callers.fill(3, asked);  // expects `overloaded` for the fourth
    EXPECT_EQ(code_of(engine.generate(request_of(asked))), ErrorCode::overloaded);
    model.gate.open();
    expect_text(callers.answer(first), model, asked);
    for (const int caller : inside) expect_text(callers.answer(caller), model, asked);
    expect_text(engine.generate(request_of(asked)), model, asked);
}

TEST(Engine, NoMoreStartTogetherThanItIsTold) {
    ScriptedModel model(roomy(16));
    Engine engine(model, inbox_of(7), {.most = 3});
    model.gate.shut();
    Callers callers(engine);
    const TestRequest asked{.picture = 1, .rules = brief(1)};
    const int first = callers.call(asked);
    model.gate.await();
    const std::vector<int> inside = callers.fill(7, asked);
    model.gate.open();
    expect_text(callers.answer(first), model, asked);
    for (const int caller : inside) expect_text(callers.answer(caller), model, asked);
    std::vector<std::size_t> together;
    for (const StepRecord& step : model.steps())
        if (!step.admitted.empty()) together.push_back(step.admitted.size());
    EXPECT_EQ(together, (std::vector<std::size_t>{1, 3, 3, 1}));
}

TEST(Engine, ThoseWhoComeWhileTheFirstWaitsForCompanyStartWithIt) {
    ScriptedModel model(roomy(16));
    Engine engine(model, inbox_of(8), {.most = 4, .wait = std::chrono::hours(1)});
    Callers callers(engine);
    const TestRequest asked{.picture = 1, .rules = brief(1)};
    std::vector<int> all;
    for (int i = 0; i < 4; ++i) all.push_back(callers.call(asked));
    for (const int caller : all) expect_text(callers.answer(caller), model, asked);
    EXPECT_EQ(model.steps().front().admitted.size(), 4U);
}

TEST(Engine, AdmitsWhileOthersRun) {
    ScriptedModel model(roomy(4));
    Engine engine(model, inbox_of(1));
    model.gate.shut();
    Callers callers(engine);
    const int long_one = callers.call({.picture = 1, .rules = endless(1)});
    model.gate.await();
    const TestRequest asked{.picture = 2, .rules = brief(2)};
    const int late = callers.fill(1, asked).front();
    model.gate.open();
    expect_text(callers.answer(late), model, asked);
    callers.cancel(long_one);
    EXPECT_EQ(code_of(callers.answer(long_one)), ErrorCode::cancelled);
}

TEST(Engine, RefusesMoreBeamsThanItHasSlotsBeforeAnyStep) {
    ScriptedModel model(chatty());
    Engine engine(model, {});
    const TestRequest asked{.picture = 1, .rules = brief(10)};
    EXPECT_EQ(code_of(engine.generate(request_of(asked))), ErrorCode::invalid_input);
    EXPECT_TRUE(model.steps().empty());
}

TEST(Engine, RefusesAPromptThatLeavesNoRoomAndFillsASlotToItsLastPosition) {
    ScriptedModel model(chatty());  // 40 positions
    Engine engine(model, {});
    TestRequest asked{
        .picture = 1, .prompt = std::vector<TokenId>(20, TokenId{1}), .rules = {.max_length = 22, .end = {}}
    };
    EXPECT_EQ(code_of(engine.generate(request_of(asked))), ErrorCode::prompt_too_long);
    EXPECT_TRUE(model.steps().empty());
    asked.rules.max_length = 21;  // the last token is said, not written
    expect_text(engine.generate(request_of(asked)), model, asked);
}

TEST(Engine, PicturesAreLookedAtInGroupsThatTheVisionSideCanTake) {
    ScriptedModel model(roomy(20));
    Engine engine(model, inbox_of(18));
    model.gate.shut();
    Callers callers(engine);
    const TestRequest asked{.picture = 1, .rules = brief(1)};
    const int first = callers.call(asked);
    model.gate.await();
    const std::vector<int> others = callers.fill(18, asked);
    model.gate.open();
    expect_text(callers.answer(first), model, asked);
    for (const int caller : others) expect_text(callers.answer(caller), model, asked);
    std::vector<std::size_t> together;
    for (const StepRecord& step : model.steps()) {
        if (!step.admitted.empty()) together.push_back(step.admitted.size());
    }
    EXPECT_EQ(together, (std::vector<std::size_t>{1, 8, 8, 2}));
}

// Admitted together where nobody runs, and one after the other beside somebody.
std::vector<std::size_t> groups_of_long_prompts(bool beside_others) {
    ScriptedModel model(roomy(20));
    Engine engine(model, inbox_of(4));
    model.gate.shut();
    Callers callers(engine);
    DecodingRules one_word = brief(1);
    one_word.max_length = 1;
    const int first = callers.call({.picture = 1, .rules = beside_others ? endless(1) : one_word});
    model.gate.await();
    const std::vector<TokenId> prompt(600, TokenId{1});
    const std::vector<int> others = callers.fill(4, {.picture = 2, .prompt = prompt, .rules = brief(1)});
    model.gate.open();
    for (const int caller : others) EXPECT_TRUE(callers.answer(caller).has_value());
    callers.cancel(first);
    std::vector<std::size_t> together;
    for (const StepRecord& step : model.steps())
        if (!step.admitted.empty()) together.push_back(step.admitted.size());
    return together;
}

TEST(Engine, LongPromptsAreReadOneByOneBesideOthersAndTogetherWhereNobodyWaits) {
    EXPECT_EQ(groups_of_long_prompts(true), (std::vector<std::size_t>{1, 1, 1, 1, 1}));
    EXPECT_EQ(groups_of_long_prompts(false), (std::vector<std::size_t>{1, 4}));
}

}  // namespace
}  // namespace vignette::engine_test
