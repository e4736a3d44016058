#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <thread>

#include "engine/callers.h"
#include "engine/engine.h"
#include "engine/expected_text.h"
#include "fakes/scripted_model.h"

namespace vignette {
namespace {

// The first `count` tokens that `asked` would yield.
std::vector<TokenId> first_words(const ScriptedModel& model, TestRequest asked, int count) {
    asked.rules.max_length = count;
    return expected_text(model, asked).tokens;
}

void expect_told(Callers& callers, int caller, const ScriptedModel& model, const TestRequest& asked) {
    expect_text(callers.answer(caller), model, asked);
    EXPECT_EQ(callers.hear_rest(caller), expected_text(model, asked).tokens);
}

void expect_silence(Callers& callers, int caller, ErrorCode code) {
    EXPECT_EQ(code_of(callers.answer(caller)), code);
    EXPECT_TRUE(callers.hear_rest(caller).empty());
}

TEST(EnginePieces, ManyListenersHearEachItsOwnAnswerAndBeamsHearNothing) {
    Script script = roomy(9);
    script.favoured = {TokenId{5}};
    script.bias = 3;
    ScriptedModel model(script);
    model.fail_with_admissions_above(2);  // steps fail and are repeated all the time
    Engine engine(model, {});
    {
        std::vector<std::jthread> clients;
        for (unsigned client = 0; client < 8; ++client) {
            clients.emplace_back([&, client] {
                std::mt19937 random(client);
                for (int i = 0; i < 60; ++i) {
                    TestRequest asked{.picture = static_cast<int>(random() % 50), .rules = brief(1)};
                    asked.rules.num_beams = random() % 4 == 0 ? 2 : 1;
                    asked.rules.max_length = static_cast<int>(random() % 25) + 1;
                    asked.rules.end = {TokenId{5}};
                    std::vector<TokenId> heard;
                    const auto listen = [&](TokenId token) { heard.push_back(token); };
                    const Result<Generation> answer = engine.generate(request_of(asked), listen);
                    expect_text(answer, model, asked);
                    if (asked.rules.num_beams > 1) {
                        EXPECT_TRUE(heard.empty());
                    } else {
                        EXPECT_EQ(heard, expected_text(model, asked).tokens);
                    }
                }
            });
        }
    }
    expect_all_slots_free(engine, model);
}

TEST(EnginePieces, ATokenIsToldBeforeTheNextOneIsChosen) {
    ScriptedModel model(roomy(4));
    Engine engine(model, {});
    model.gate.shut();
    Callers callers(engine, Ears::open);
    const TestRequest asked{.picture = 1, .rules = brief(1)};
    const int caller = callers.call(asked);
    const std::vector<TokenId> words = expected_text(model, asked).tokens;
    for (const TokenId word : words) {
        model.gate.let_one_through();
        EXPECT_EQ(callers.hear(caller), word);
    }
    EXPECT_EQ(callers.hear(caller), std::nullopt);
    expect_text(callers.answer(caller), model, asked);
}

TEST(EnginePieces, TheOneWhoAsksIsTheOneWhoListens) {
    ScriptedModel model(roomy(4));
    Engine engine(model, {});
    const auto listen = [me = std::this_thread::get_id()](TokenId) {
        EXPECT_EQ(std::this_thread::get_id(), me);
    };
    EXPECT_TRUE(engine.generate(request_of({.picture = 1, .rules = brief(1)}), listen).has_value());
}

TEST(EnginePieces, ASlowListenerHoldsUpNobodyAndMissesNothing) {
    ScriptedModel model(roomy(4));
    Engine engine(model, {});
    const TestRequest asked{.picture = 1, .rules = brief(1)};
    const TestRequest other{.picture = 2, .rules = brief(3)};
    std::vector<TokenId> heard;
    const auto listen = [&](TokenId token) {
        expect_text(engine.generate(request_of(other)), model, other);  // the engine has gone on meanwhile
        heard.push_back(token);
    };
    expect_text(engine.generate(request_of(asked), listen), model, asked);
    EXPECT_EQ(heard, expected_text(model, asked).tokens);
}

TEST(EnginePieces, ASlowListenerIsStoppedEvenIfTheAnswerIsThere) {
    ScriptedModel model(roomy(4));
    Engine engine(model, {});
    const TestRequest asked{.picture = 1, .rules = brief(1)};
    std::stop_source stop;
    GenerationRequest request = request_of(asked);
    request.stop = stop.get_token();
    int heard = 0;
    const auto listen = [&](TokenId) {
        ++heard;
        expect_text(engine.generate(request_of(asked)), model, asked);  // so long that the first one is over
        stop.request_stop();
    };
    EXPECT_EQ(code_of(engine.generate(std::move(request), listen)), ErrorCode::cancelled);
    EXPECT_EQ(heard, 1);
    expect_all_slots_free(engine, model);
}

TEST(EnginePieces, WhoIsCancelledHasHeardWhatWasChosen) {
    ScriptedModel model(roomy(4));
    Engine engine(model, {});
    model.gate.shut();
    Callers callers(engine, Ears::open);
    const TestRequest asked{.picture = 1, .rules = endless(1)};
    const int caller = callers.call(asked);
    for (const TokenId word : first_words(model, asked, 3)) {
        model.gate.let_one_through_and_await();
        EXPECT_EQ(callers.hear(caller), word);
    }
    callers.cancel(caller);
    model.gate.open();
    expect_silence(callers, caller, ErrorCode::cancelled);
    expect_all_slots_free(engine, model);
}

TEST(EnginePieces, WhoFailsHasHeardWhatWasChosen) {
    ScriptedModel model(roomy(4));
    Engine engine(model, {});
    model.gate.shut();
    Callers callers(engine, Ears::open);
    const TestRequest asked{.picture = 1, .rules = endless(1)};
    const int caller = callers.call(asked);
    for (int i = 0; i < 3; ++i) model.gate.let_one_through_and_await();
    model.fail_next(1, broken());
    model.gate.open();
    EXPECT_EQ(code_of(callers.answer(caller)), ErrorCode::model_failed);
    EXPECT_EQ(callers.hear_rest(caller), first_words(model, asked, 3));
}

TEST(EnginePieces, NewcomersWhoseStepsFailHearEachTokenOnce) {
    ScriptedModel model(roomy(12));
    Engine engine(model, inbox_of(8));
    model.gate.shut();
    Callers callers(engine, Ears::open);
    const TestRequest asked{.picture = 1, .rules = brief(1)};
    std::vector<int> all{callers.call(asked)};
    model.gate.await();
    for (const int caller : callers.fill(8, asked)) all.push_back(caller);
    model.gate.let_one_through_and_await();
    model.fail_next(3, broken());  // 8, 4 and 2 newcomers, and the first one among them
    model.gate.open();
    for (const int caller : all) expect_told(callers, caller, model, asked);
}

TEST(EnginePieces, ANewcomerThatHasToWaitForMemoryHearsEachTokenOnce) {
    ScriptedModel model(roomy(8));
    Engine engine(model, inbox_of(1));
    model.gate.shut();
    Callers callers(engine, Ears::open);
    const TestRequest asked{.picture = 1, .rules = brief(1)};
    const int running = callers.call(asked);
    model.gate.await();
    const int newcomer = callers.fill(1, asked).front();
    model.gate.let_one_through_and_await();
    model.fail_next(1, {.code = ErrorCode::out_of_memory, .message = "full", .field = {}});
    model.gate.open();
    expect_told(callers, running, model, asked);
    expect_told(callers, newcomer, model, asked);
}

TEST(EnginePieces, ANewcomerThatCannotBeComputedHearsNothingAndItsNeighbourAll) {
    constexpr int poison = 13;
    ScriptedModel model(roomy(8));
    model.fail_with_picture(poison, broken());
    Engine engine(model, inbox_of(1));
    model.gate.shut();
    Callers callers(engine, Ears::open);
    const TestRequest asked{.picture = 1, .rules = brief(1)};
    const int running = callers.call(asked);
    model.gate.await();
    const int newcomer = callers.fill(1, {.picture = poison, .rules = brief(1)}).front();
    model.gate.open();
    expect_silence(callers, newcomer, ErrorCode::model_failed);
    expect_told(callers, running, model, asked);
}

TEST(EnginePieces, WhoIsCancelledWhileWaitingHearsNothing) {
    ScriptedModel model(roomy(4));
    Engine engine(model, inbox_of(1));
    model.gate.shut();
    Callers callers(engine, Ears::open);
    const int running = callers.call({.picture = 1, .rules = endless(4)});
    model.gate.await();
    const int waiting = callers.fill(1, {.picture = 2, .rules = endless(1)}).front();
    callers.cancel(waiting);
    model.gate.let_one_through_and_await();
    expect_silence(callers, waiting, ErrorCode::cancelled);
    callers.cancel(running);
    model.gate.open();
    expect_silence(callers, running, ErrorCode::cancelled);
}

TEST(EnginePieces, AnEngineThatDiesLeavesNoListenerWaiting) {
    for (const bool taken_out_of_the_inbox : {false, true}) {
        ScriptedModel model(roomy(1));
        auto engine = std::make_unique<Engine>(model, inbox_of(1));
        model.gate.shut();
        Callers callers(*engine, Ears::open);
        const TestRequest asked{.picture = 1, .rules = endless(1)};
        const int running = callers.call(asked);
        model.gate.let_one_through_and_await();
        const int waiting = callers.fill(1, asked).front();
        if (taken_out_of_the_inbox) model.gate.let_one_through_and_await();
        model.gate.open();
        engine.reset();
        expect_silence(callers, waiting, ErrorCode::cancelled);
        EXPECT_EQ(code_of(callers.answer(running)), ErrorCode::cancelled);
        std::vector<TokenId> heard = callers.hear_rest(running);
        heard.resize(std::min<std::size_t>(heard.size(), 20));
        EXPECT_EQ(heard, first_words(model, asked, static_cast<int>(heard.size())));
    }
}

}  // namespace
}  // namespace vignette
