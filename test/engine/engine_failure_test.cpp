#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "engine/callers.h"
#include "engine/engine.h"
#include "engine/expected_text.h"
#include "fakes/scripted_model.h"

namespace vignette {
namespace {

constexpr int poison = 13;

// An engine held in the first step of one sequence, with `count` others in its inbox.
struct Held {
    Held(ScriptedModel& model, Engine& engine, std::size_t count, const TestRequest& newcomers)
        : callers(engine) {
        model.gate.shut();
        first = callers.call(running);
        model.gate.await();
        others = callers.fill(count, newcomers);
    }

    TestRequest running{.picture = 1, .rules = brief(3)};
    Callers callers;
    int first = 0;
    std::vector<int> others;
};

TEST(EngineFailure, TooLittleMemoryForAllNewcomersHalvesThemUntilItSuffices) {
    ScriptedModel model(roomy(12));
    model.fail_with_admissions_above(2);
    Engine engine(model, inbox_of(8));
    const TestRequest asked{.picture = 2, .rules = brief(1)};
    Held held(model, engine, 8, asked);
    model.gate.open();
    expect_text(held.callers.answer(held.first), model, held.running);
    for (const int caller : held.others) expect_text(held.callers.answer(caller), model, asked);
    std::vector<std::size_t> together;
    for (const StepRecord& step : model.steps()) {
        if (!step.admitted.empty()) together.push_back(step.admitted.size());
        EXPECT_EQ(step.failed, step.admitted.size() > 2);
    }
    EXPECT_EQ(together, (std::vector<std::size_t>{1, 8, 4, 2, 2, 2, 2}));
    expect_all_slots_free(engine, model);
}

TEST(EngineFailure, WhatIsKeptForLaterGivesWayBeforeAnyoneHasToStepBack) {
    ScriptedModel model(roomy(12));
    int kept = 2;
    Engine engine(model, inbox_of(8), {}, [&kept] { return kept-- > 0; });
    const TestRequest asked{.picture = 2, .rules = brief(1)};
    Held held(model, engine, 8, asked);
    model.gate.let_one_through_and_await();
    model.fail_next(3, {.code = ErrorCode::out_of_memory, .message = "no room", .field = {}});
    model.gate.open();
    expect_text(held.callers.answer(held.first), model, held.running);
    for (const int caller : held.others) expect_text(held.callers.answer(caller), model, asked);
    std::vector<std::size_t> together;
    for (const StepRecord& step : model.steps()) {
        if (!step.admitted.empty()) together.push_back(step.admitted.size());
    }
    EXPECT_EQ(together, (std::vector<std::size_t>{1, 8, 8, 8, 4, 4}));
    expect_all_slots_free(engine, model);
}

TEST(EngineFailure, ALostDeviceEndsAllThatRunAndWaitWithinAStep) {
    ScriptedModel model(roomy(12));
    Engine engine(model, inbox_of(8));
    const TestRequest asked{.picture = 2, .rules = brief(1)};
    Held held(model, engine, 8, asked);
    model.gate.let_one_through_and_await();
    const Error lost{.code = ErrorCode::device_lost, .message = "gone", .field = {}};
    model.fail_next(1, lost);
    model.gate.open();
    EXPECT_EQ(held.callers.answer(held.first).error(), lost);
    for (const int caller : held.others) EXPECT_EQ(held.callers.answer(caller).error(), lost);
    EXPECT_EQ(std::ranges::count_if(model.steps(), &StepRecord::failed), 1);
    expect_all_slots_free(engine, model);
}

TEST(EngineFailure, APictureThatCannotBeComputedFailsAlone) {
    ScriptedModel model(roomy(12));
    model.fail_with_picture(poison, broken());
    Engine engine(model, inbox_of(1));
    model.gate.shut();
    Callers callers(engine);
    const TestRequest asked{.picture = 2, .rules = brief(4)};
    const int running = callers.call(asked);
    model.gate.await();
    const int newcomer = callers.fill(1, {.picture = poison, .rules = brief(4)}).front();
    model.gate.open();
    const Result<Generation> failed = callers.answer(newcomer);
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error(), broken());
    expect_text(callers.answer(running), model, asked);
    expect_all_slots_free(engine, model);
}

TEST(EngineFailure, ManyPoisonousPicturesHarmNobodyElse) {
    ScriptedModel model(roomy(12));
    model.fail_with_picture(poison, broken());
    model.fail_with_admissions_above(3);
    Engine engine(model, {});
    {
        std::vector<std::jthread> clients;
        for (int client = 0; client < 8; ++client) {
            clients.emplace_back([&, client] {
                for (int i = 0; i < 30; ++i) {
                    const bool bad = (i + client) % 4 == 0;
                    const TestRequest asked{.picture = bad ? poison : i + 100, .rules = brief(i % 5 + 1)};
                    const Result<Generation> answer = engine.generate(request_of(asked));
                    if (bad) {
                        EXPECT_EQ(code_of(answer), ErrorCode::model_failed);
                    } else {
                        expect_text(answer, model, asked);
                    }
                }
            });
        }
    }
    expect_all_slots_free(engine, model);
}

TEST(EngineFailure, AStepWithoutNewcomersThatFailsEndsAllWhoRunAndTheEngineLivesOn) {
    ScriptedModel model(roomy(12));
    Engine engine(model, inbox_of(3));
    const TestRequest asked{.picture = 2, .rules = endless(2)};
    Held held(model, engine, 3, asked);
    model.gate.let_one_through_and_await();
    model.gate.let_one_through_and_await();
    model.fail_next(1, broken());
    model.gate.open();
    EXPECT_EQ(code_of(held.callers.answer(held.first)), ErrorCode::model_failed);
    for (const int caller : held.others)
        EXPECT_EQ(code_of(held.callers.answer(caller)), ErrorCode::model_failed);
    const TestRequest next{.picture = 4, .rules = brief(2)};
    expect_text(engine.generate(request_of(next)), model, next);
    expect_all_slots_free(engine, model);
}

TEST(EngineFailure, AModelThatFailsForGoodAnswersEverybodyAndNobodyHangs) {
    ScriptedModel model(roomy(12));
    model.fail_next(1'000'000, broken());
    Engine engine(model, inbox_of(8));
    Held held(model, engine, 8, {.picture = 2, .rules = brief(1)});
    model.gate.open();
    EXPECT_EQ(code_of(held.callers.answer(held.first)), ErrorCode::model_failed);
    for (const int caller : held.others)
        EXPECT_EQ(code_of(held.callers.answer(caller)), ErrorCode::model_failed);
    model.fail_next(0, {});
    expect_all_slots_free(engine, model);
}

TEST(EngineFailure, ADisturbedStepIsRepeatedAndNobodyNoticesIt) {
    ScriptedModel model(roomy(12));
    Engine engine(model, inbox_of(8));
    const TestRequest asked{.picture = 2, .rules = brief(1)};
    Held held(model, engine, 8, asked);
    model.gate.let_one_through_and_await();
    model.fail_next(3, broken());  // 8, 4 and 2 newcomers
    model.gate.open();
    expect_text(held.callers.answer(held.first), model, held.running);
    for (const int caller : held.others) expect_text(held.callers.answer(caller), model, asked);
}

TEST(EngineFailure, NewcomersWhoHadToStepBackStandBeforeThoseWhoWaited) {
    ScriptedModel model(roomy(12));
    model.fail_with_admissions_above(1);
    Engine engine(model, inbox_of(3));
    model.gate.shut();
    Callers callers(engine);
    const int long_one = callers.call({.picture = 1, .rules = endless(12)});
    model.gate.await();
    std::vector<int> all = callers.fill(3, {.picture = 2, .rules = brief(6)});
    model.gate.let_one_through_and_await();  // three wait
    callers.cancel(all[0]);
    model.gate.let_one_through_and_await();  // two wait
    const std::vector<int> late = callers.fill(1, {.picture = 3, .rules = brief(1)});
    model.gate.let_one_through_and_await();  // the two and a late one wait
    callers.cancel(long_one);
    model.gate.open();  // the two fit, the late one does not; together they fail
    all.insert(all.end(), late.begin(), late.end());
    for (const int caller : all) EXPECT_EQ(callers.answer(caller).has_value(), caller != all[0]);
    EXPECT_EQ(code_of(callers.answer(long_one)), ErrorCode::cancelled);
    std::vector<int> order;
    for (const StepRecord& step : model.steps()) {
        if (!step.failed) order.insert(order.end(), step.admitted.begin(), step.admitted.end());
    }
    EXPECT_EQ(order, (std::vector<int>{1, 2, 2, 3}));
    const std::vector<StepRecord> steps = model.steps();
    const auto failed = std::ranges::find(steps, true, &StepRecord::failed);
    ASSERT_NE(failed, steps.end());
    EXPECT_EQ(failed->admitted, (std::vector<int>{2, 2}));
}

TEST(EngineFailure, ARunningSequenceThatFailsDoesNotCostTheNewcomersTheirAnswer) {
    ScriptedModel model(roomy(8));
    Engine engine(model, inbox_of(1));
    model.gate.shut();
    Callers callers(engine);
    const int running = callers.call({.picture = 1, .rules = endless(1)});
    model.gate.await();
    const TestRequest asked{.picture = 2, .rules = brief(1)};
    const int newcomer = callers.fill(1, asked).front();
    model.gate.let_one_through_and_await();
    model.fail_next(2, broken());  // together, and without the newcomer
    model.gate.open();
    EXPECT_EQ(code_of(callers.answer(running)), broken().code);
    expect_text(callers.answer(newcomer), model, asked);
}

TEST(EngineFailure, ANewcomerThatFindsNoMemoryWaitsUntilOneOfTheOthersHasEnded) {
    ScriptedModel model(roomy(8));
    Engine engine(model, inbox_of(1));
    model.gate.shut();
    Callers callers(engine);
    const int running = callers.call({.picture = 1, .rules = endless(1)});
    model.gate.await();
    const TestRequest asked{.picture = 2, .rules = brief(1)};
    const int newcomer = callers.fill(1, asked).front();
    model.gate.let_one_through_and_await();
    model.fail_next(1, {.code = ErrorCode::out_of_memory, .message = "full", .field = {}});
    for (int i = 0; i < 4; ++i) model.gate.let_one_through_and_await();
    const auto steps = model.steps();
    EXPECT_TRUE(std::ranges::all_of(steps.end() - 2, steps.end(), [](const StepRecord& step) {
        return step.admitted.empty() && step.decode_rows == 1;
    }));
    callers.cancel(running);
    model.gate.open();
    expect_text(callers.answer(newcomer), model, asked);
}

TEST(EngineFailure, WhereThoseThatRunFindNoMemoryTheNewestGivesWay) {
    ScriptedModel model(roomy(8));
    Engine engine(model, inbox_of(2));
    const TestRequest asked{.picture = 2, .rules = brief(3)};
    Held held(model, engine, 2, asked);
    model.gate.let_one_through_and_await();
    model.gate.let_one_through_and_await();  // all three run
    model.fail_next(1, {.code = ErrorCode::out_of_memory, .message = "full", .field = {}});
    model.gate.open();
    expect_text(held.callers.answer(held.first), model, held.running);
    std::vector<Result<Generation>> answers;
    for (const int caller : held.others) answers.push_back(held.callers.answer(caller));
    EXPECT_EQ(std::ranges::count_if(answers, &Result<Generation>::has_value), 1);
    const auto failed = std::ranges::find_if_not(answers, &Result<Generation>::has_value);
    ASSERT_NE(failed, answers.end());
    EXPECT_EQ(code_of(*failed), ErrorCode::out_of_memory);
    EXPECT_EQ(std::ranges::count_if(model.steps(), &StepRecord::failed), 1);
    expect_all_slots_free(engine, model);
}

}  // namespace
}  // namespace vignette
