// How newcomers join those who run: their pictures looked at ahead, and long prompts read in parts.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <optional>
#include <random>
#include <thread>

#include "engine/callers.h"
#include "engine/engine.h"
#include "engine/expected_text.h"
#include "fakes/scripted_model.h"

namespace vignette {
namespace {

constexpr int tokens_max = 100;

Script in_parts(int slots) {
    Script script = roomy(slots);
    script.shape.tokens_beside_others = tokens_max;
    script.shape.reads_in_parts = true;
    return script;
}

Script seeing_ahead(int slots) {
    Script script = roomy(slots);
    script.shape.sees_ahead = true;
    return script;
}

TestRequest asking(int picture, std::size_t prompt) {
    return {.picture = picture, .prompt = std::vector<TokenId>(prompt, TokenId{1}), .rules = brief(1)};
}

std::vector<int> parts_of(const ScriptedModel& model) {
    std::vector<int> parts;
    for (const StepRecord& step : model.steps()) {
        if (!step.failed) parts.insert(parts.end(), step.parts.begin(), step.parts.end());
    }
    return parts;
}

// One that runs for as long as the test wants, held before its second step.
struct Beside {
    Beside(ScriptedModel& model, Engine& engine) : callers(engine) {
        model.gate.shut();
        endless_one = callers.call({.picture = 1, .rules = endless(1)});
        model.gate.await();
        model.gate.let_one_through_and_await();
    }
    ~Beside() {
        callers.cancel(endless_one);
        EXPECT_EQ(code_of(callers.answer(endless_one)), ErrorCode::cancelled);
    }
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;

    Callers callers;
    int endless_one = 0;
};

TEST(EngineParts, ALongPromptIsReadInPartsBesideOthers) {
    ScriptedModel model(in_parts(4));
    Engine engine(model, inbox_of(2));
    Beside beside(model, engine);
    const TestRequest asked = asking(2, 250);
    const std::vector<int> both = beside.callers.fill(2, asked);
    model.gate.open();
    for (const int caller : both) expect_text(beside.callers.answer(caller), model, asked);
    EXPECT_EQ(parts_of(model), (std::vector<int>{100, 100, 50, 100}))
        << "then 50 of the first, and 100 of the other";
    for (const StepRecord& step : model.steps())
        EXPECT_TRUE(step.decode_rows == 0 || step.tokens <= tokens_max);
}

TEST(EngineParts, WhereNobodyWaitsAPromptIsReadAtOnce) {
    ScriptedModel model(in_parts(4));
    Engine engine(model, {});
    const TestRequest asked = asking(2, 250);
    expect_text(engine.generate(request_of(asked)), model, asked);
    EXPECT_TRUE(parts_of(model).empty());
}

TEST(EngineParts, OneThatIsCancelledAmidItsPartsLeavesNothingBehind) {
    ScriptedModel model(in_parts(2));
    Engine engine(model, inbox_of(1));
    {
        Beside beside(model, engine);
        const int newcomer = beside.callers.fill(1, asking(2, 1000)).front();
        for (int i = 0; i < 4; ++i) model.gate.let_one_through_and_await();
        EXPECT_FALSE(parts_of(model).empty());
        beside.callers.cancel(newcomer);
        model.gate.open();
        EXPECT_EQ(code_of(beside.callers.answer(newcomer)), ErrorCode::cancelled);
    }
    expect_all_slots_free(engine, model);
}

TEST(EngineParts, WhereMemoryIsShortAmidThePartsItWaitsAndIsReadFromTheBeginning) {
    ScriptedModel model(in_parts(4));
    Engine engine(model, inbox_of(1));
    const TestRequest asked = asking(2, 350);
    std::optional<int> newcomer;
    {
        Beside beside(model, engine);
        newcomer = beside.callers.fill(1, asked).front();
        for (int i = 0; i < 3; ++i) model.gate.let_one_through_and_await();
        ASSERT_FALSE(parts_of(model).empty());
        model.fail_next(1, {.code = ErrorCode::out_of_memory, .message = "full", .field = {}});
        model.gate.open();
        beside.callers.cancel(beside.endless_one);
        expect_text(beside.callers.answer(*newcomer), model, asked);
    }
    expect_all_slots_free(engine, model);
}

TEST(EngineParts, APictureThatCannotBeComputedFailsAloneInItsFirstPart) {
    ScriptedModel model(in_parts(4));
    model.fail_with_picture(7, {.code = ErrorCode::model_failed, .message = "broken", .field = {}});
    Engine engine(model, inbox_of(1));
    Beside beside(model, engine);
    const int newcomer = beside.callers.fill(1, asking(7, 350)).front();
    model.gate.open();
    EXPECT_EQ(code_of(beside.callers.answer(newcomer)), ErrorCode::model_failed);
}

TEST(EngineAhead, WhoRunsGoesOnWhileANewcomersPictureIsLookedAt) {
    ScriptedModel model(seeing_ahead(4));
    Engine engine(model, inbox_of(1));
    Beside beside(model, engine);
    model.look_gate.shut();
    const TestRequest asked = asking(2, 1);
    const int newcomer = beside.callers.fill(1, asked).front();
    model.look_gate.await();
    const std::size_t before = model.steps().size();
    for (int i = 0; i < 10; ++i) model.gate.let_one_through_and_await();
    for (const StepRecord& step : model.steps()) EXPECT_NE(step.admitted, std::vector<int>{2});
    EXPECT_GE(model.steps().size(), before + 9);
    model.look_gate.open();
    model.gate.open();
    const Result<Generation> said = beside.callers.answer(newcomer);
    expect_text(said, model, asked);
    EXPECT_EQ(said->vision, std::chrono::microseconds{7}) << "what the look took";
    EXPECT_EQ(model.looks_ahead(), 1);
}

TEST(EngineAhead, WhereNobodyRunsTheStepLooksItself) {
    ScriptedModel model(seeing_ahead(4));
    Engine engine(model, {});
    const TestRequest asked = asking(2, 1);
    expect_text(engine.generate(request_of(asked)), model, asked);
    EXPECT_EQ(model.looks(), 1);
    EXPECT_EQ(model.looks_ahead(), 0);
}

TEST(EngineAhead, OneThatIsCancelledWhileItIsLookedAtIsAnsweredAtOnce) {
    ScriptedModel model(seeing_ahead(4));
    Engine engine(model, inbox_of(1));
    Beside beside(model, engine);
    model.look_gate.shut();
    const int newcomer = beside.callers.fill(1, asking(2, 1)).front();
    model.look_gate.await();
    beside.callers.cancel(newcomer);
    model.gate.open();
    EXPECT_EQ(code_of(beside.callers.answer(newcomer)), ErrorCode::cancelled);
    model.look_gate.open();
}

TEST(EngineAhead, WhatCannotBeSeenFailsAloneInItsStep) {
    ScriptedModel model(seeing_ahead(9));
    model.fail_with_picture(7, {.code = ErrorCode::model_failed, .message = "broken", .field = {}});
    Engine engine(model, inbox_of(4));
    Beside beside(model, engine);
    model.look_gate.shut();
    const TestRequest sound = asking(2, 1);
    const std::vector<int> others = beside.callers.fill(4, sound);
    model.look_gate.await();  // at one of them; the rest waits with what comes
    const int broken = beside.callers.call(asking(7, 1));
    model.look_gate.open();
    model.gate.open();
    for (const int caller : others) expect_text(beside.callers.answer(caller), model, sound);
    const ErrorCode code = code_of(beside.callers.answer(broken));
    EXPECT_TRUE(code == ErrorCode::model_failed || code == ErrorCode::overloaded);
}

TEST(EngineAhead, AnEngineThatEndsAnswersThoseWhoAreLookedAt) {
    ScriptedModel model(seeing_ahead(4));
    auto engine = std::make_unique<Engine>(model, inbox_of(1));
    model.gate.shut();
    Callers callers(*engine);
    const int first = callers.call({.picture = 1, .rules = endless(1)});
    model.gate.await();
    model.look_gate.shut();
    const int newcomer = callers.fill(1, asking(2, 1)).front();
    model.look_gate.await();
    std::jthread end([&] { engine.reset(); });
    model.gate.open();
    EXPECT_EQ(code_of(callers.answer(first)), ErrorCode::cancelled);
    EXPECT_EQ(code_of(callers.answer(newcomer)), ErrorCode::cancelled);
    model.look_gate.open();
}

// Jobs of 1 to 20 pictures from many clients: what each says is its own, no step beside others reads more
// than it may, and the slots stay busy.
TEST(EngineJoins, AThousandMixedJobsKeepTheSlotsBusy) {
    Script script = in_parts(8);
    script.shape.sees_ahead = true;
    script.shape.positions = 400;
    script.memory = 16;  // of tokens, that the test may be quick
    ScriptedModel model(script);
    std::atomic<int> next_job = 0;
    {
        Engine engine(model, {});
        std::vector<std::jthread> clients;
        for (unsigned client = 0; client < 32; ++client) {
            clients.emplace_back([&] {
                for (int job = next_job++; job < 1000; job = next_job++) {
                    std::mt19937 random(static_cast<unsigned>(job));
                    for (auto left = random() % 20 + 1; left > 0; --left) {
                        TestRequest asked = asking(static_cast<int>(random() % 50), random() % 150 + 1);
                        asked.rules.max_length = static_cast<int>(random() % 10) + 5;
                        GenerationRequest request = request_of(asked);
                        request.job.value = std::to_string(job);
                        expect_text(engine.generate(std::move(request)), model, asked);
                    }
                }
            });
        }
    }
    const std::vector<StepRecord> steps = model.steps();
    double groups = 0;
    for (const StepRecord& step : steps) {
        groups += step.groups;
        EXPECT_TRUE(step.decode_rows == 0 || step.tokens <= tokens_max);
    }
    EXPECT_GE(groups / static_cast<double>(steps.size()), 0.8 * script.shape.slots);
    EXPECT_GT(model.looks_ahead(), 1000);
}

}  // namespace
}  // namespace vignette
