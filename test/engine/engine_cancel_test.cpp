#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "engine/callers.h"
#include "engine/engine.h"
#include "engine/expected_text.h"
#include "fakes/scripted_model.h"

namespace vignette {
namespace {

TEST(EngineCancel, BeforeSubmittingIsAnsweredEvenWhileTheEngineIsBusy) {
    ScriptedModel model(roomy(4));
    Engine engine(model, {});
    model.gate.shut();
    Callers callers(engine);
    const TestRequest asked{.picture = 1, .rules = brief(1)};
    const int running = callers.call(asked);
    model.gate.await();
    std::stop_source stop;
    stop.request_stop();
    GenerationRequest request = request_of(asked);
    request.stop = stop.get_token();
    EXPECT_EQ(code_of(engine.generate(std::move(request))), ErrorCode::cancelled);
    model.gate.open();
    EXPECT_TRUE(callers.answer(running).has_value());
}

TEST(EngineCancel, WhileRunningEndsWithTheStepThatRuns) {
    ScriptedModel model(roomy(4));
    Engine engine(model, {});
    model.gate.shut();
    Callers callers(engine);
    const int running = callers.call({.picture = 1, .rules = endless(3)});
    model.gate.await();
    for (int i = 0; i < 3; ++i) model.gate.let_one_through_and_await();
    callers.cancel(running);
    model.gate.let_one_through();
    EXPECT_EQ(code_of(callers.answer(running)), ErrorCode::cancelled);
    EXPECT_EQ(model.steps().size(), 4U);
    model.gate.open();
    expect_all_slots_free(engine, model);
}

TEST(EngineCancel, WhileWaitingForSlotsEndsWithTheStepThatRuns) {
    ScriptedModel model(roomy(4));
    Engine engine(model, inbox_of(1));
    model.gate.shut();
    Callers callers(engine);
    const int running = callers.call({.picture = 1, .rules = endless(4)});
    model.gate.await();
    const int waiting = callers.fill(1, {.picture = 2, .rules = endless(1)}).front();
    model.gate.let_one_through_and_await();
    callers.cancel(waiting);
    model.gate.let_one_through_and_await();
    EXPECT_EQ(code_of(callers.answer(waiting)), ErrorCode::cancelled);
    callers.cancel(running);
    model.gate.open();
    EXPECT_EQ(code_of(callers.answer(running)), ErrorCode::cancelled);
    for (const StepRecord& step : model.steps()) {
        EXPECT_EQ(std::ranges::count(step.admitted, 2), 0) << "a cancelled picture was looked at";
    }
    expect_all_slots_free(engine, model);
}

TEST(EngineCancel, InTheInboxEndsWithTheStepThatRuns) {
    ScriptedModel model(roomy(4));
    Engine engine(model, inbox_of(1));
    model.gate.shut();
    Callers callers(engine);
    const int running = callers.call({.picture = 1, .rules = endless(4)});
    model.gate.await();
    const int waiting = callers.fill(1, {.picture = 2, .rules = endless(1)}).front();
    callers.cancel(waiting);
    model.gate.let_one_through_and_await();
    EXPECT_EQ(code_of(callers.answer(waiting)), ErrorCode::cancelled);
    callers.cancel(running);
    model.gate.open();
}

TEST(EngineCancel, LeavesTheNeighboursAlone) {
    ScriptedModel model(roomy(5));
    Engine engine(model, inbox_of(2));
    model.gate.shut();
    Callers callers(engine);
    const TestRequest asked{.picture = 2, .rules = brief(2)};
    const int staying = callers.call(asked);
    model.gate.await();
    const std::vector<int> neighbours = callers.fill(2, {.picture = 3, .rules = endless(1)});
    model.gate.let_one_through_and_await();
    model.gate.let_one_through_and_await();
    callers.cancel(neighbours[0]);
    model.gate.let_one_through_and_await();
    callers.cancel(neighbours[1]);
    model.gate.open();
    expect_text(callers.answer(staying), model, asked);
    for (const int caller : neighbours) EXPECT_EQ(code_of(callers.answer(caller)), ErrorCode::cancelled);
    expect_all_slots_free(engine, model);
}

TEST(EngineCancel, AnEngineThatDiesAnswersWhoRunsWhoWaitsAndWhoStandsInTheInbox) {
    for (const bool taken_out_of_the_inbox : {false, true}) {
        ScriptedModel model(roomy(4));
        auto engine = std::make_unique<Engine>(model, inbox_of(1));
        model.gate.shut();
        Callers callers(*engine);
        std::vector<int> inside{callers.call({.picture = 1, .rules = endless(4)})};
        model.gate.await();
        inside.push_back(callers.fill(1, {.picture = 2, .rules = endless(1)}).front());
        if (taken_out_of_the_inbox) model.gate.let_one_through_and_await();
        model.gate.open();
        engine.reset();
        for (const int caller : inside) EXPECT_EQ(code_of(callers.answer(caller)), ErrorCode::cancelled);
    }
}

// The bound is one, wherever they stand: taking them out of the inbox makes no room for more.
TEST(EngineCancel, WhoWaitsInAFullHouseIsCancelledWithTheStepThatRuns) {
    ScriptedModel model(roomy(4));
    Engine engine(model, inbox_of(2));
    model.gate.shut();
    Callers callers(engine);
    const int running = callers.call({.picture = 1, .rules = endless(4)});
    model.gate.await();
    const std::vector<int> waiting = callers.fill(2, {.picture = 2, .rules = brief(1)});
    model.gate.let_one_through_and_await();
    const int refused = callers.call({.picture = 3, .rules = brief(1)});
    EXPECT_EQ(code_of(callers.answer(refused)), ErrorCode::overloaded);
    callers.cancel(waiting[1]);
    model.gate.let_one_through_and_await();
    EXPECT_EQ(code_of(callers.answer(waiting[1])), ErrorCode::cancelled);
    callers.cancel(running);
    model.gate.open();
    EXPECT_TRUE(callers.answer(waiting[0]).has_value());
}

TEST(EngineCancel, AnIdleEngineDies) {
    ScriptedModel model(roomy(4));
    {
        const Engine engine(model, {});
    }
    EXPECT_TRUE(model.steps().empty());
}

}  // namespace
}  // namespace vignette
