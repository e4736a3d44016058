#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "engine/callers.h"
#include "engine/engine.h"
#include "engine/expected_text.h"
#include "fakes/scripted_model.h"

namespace vignette::engine_rules_test {
namespace {

constexpr TokenId end{5};
constexpr TokenId other_end{6};
constexpr int poison = 13;

Script chatty() {
    return {
        .shape = {.slots = 9, .positions = 120, .vocabulary = 40},
        .favoured = {end, other_end},
        .bias = 2,
        .seed = 11,
    };
}

bool adds_up(std::span<const TokenId> said) {
    return said.size() > 1 &&
           (static_cast<int>(said.back()) + static_cast<int>(said[said.size() - 2])) % 9 == 0;
}

template <class T, std::size_t n>
T any_of(std::mt19937& random, const T (&values)[n]) {
    return values[random() % n];
}

TokenId any_token(std::mt19937& random) { return TokenId{static_cast<int>(random() % 40)}; }

SamplingRules any_sampling(std::mt19937& random) {
    return {
        .temperature = any_of(random, {0.3, 1.0, 1.7}),
        .top_k = any_of(random, {0, 4, 50}),
        .top_p = any_of(random, {1.0, 0.9}),
        .min_p = any_of(random, {0.0, 0.1}),
        .seed = random(),
    };
}

// Any mixture of rules.
TestRequest random_option(std::mt19937& random) {
    TestRequest asked{.picture = static_cast<int>(random() % 50), .prompt = {}};
    for (std::size_t n = random() % 9 + 1; asked.prompt.size() < n;)
        asked.prompt.push_back(any_token(random));
    DecodingRules& rules = asked.rules;
    rules.num_beams = random() % 2 == 0 ? 1 : static_cast<int>(random() % 4) + 2;
    rules.max_length = static_cast<int>(random() % 25) + 1;
    rules.min_length = any_of(random, {0, 0, 2, 5});
    rules.length_penalty = any_of(random, {-1.0, 0.0, 1.0, 2.0});
    rules.early_stopping = random() % 2 == 0;
    rules.end = {end};
    if (random() % 2 == 0) rules.end.push_back(other_end);
    rules.repetition_penalty = any_of(random, {1.0, 1.3, 0.8});
    rules.no_repeat_ngram = any_of(random, {0, 2, 3});
    rules.history_from = random() % 4;
    rules.returned = static_cast<int>(random() % 3) + 1;
    rules.logprobs = random() % 2 == 0;
    rules.guards_loops = random() % 2 == 0;
    for (std::size_t words = random() % 4; rules.forbidden.size() < words;) {
        std::vector<TokenId> word{any_token(random)};
        if (random() % 2 == 0) word.insert(word.begin(), asked.prompt.back());
        rules.forbidden.push_back(word);
    }
    if (random() % 4 == 0) asked.ends_here = adds_up;
    if (rules.num_beams > 1) return asked;
    if (random() % 2 == 0) rules.sampling = any_sampling(random);
    if (random() % 2 == 0)
        asked.filter = FilterScript{.seed = random(), .end = rules.end, .complete_after = random() % 12 + 1};
    return asked;
}

// Nothing keeps it from saying the same again, but the guard.
TestRequest unbound_option(std::mt19937& random) {
    TestRequest asked = random_option(random);
    asked.rules.max_length = static_cast<int>(random() % 60) + 1;
    asked.rules.no_repeat_ngram = 0;
    asked.rules.repetition_penalty = 1;
    asked.filter.reset();
    return asked;
}

void expect_the_references_texts(
    const Script& script, TestRequest (*any_option)(std::mt19937& random), std::map<Ending, int>& endings
) {
    ScriptedModel model(script);
    model.fail_with_admissions_above(2);  // steps fail and are repeated all the time
    Engine engine(model, {});
    std::mutex mutex;
    {
        std::vector<std::jthread> clients;
        for (unsigned client = 0; client < 4; ++client) {
            clients.emplace_back([&, client] {
                std::mt19937 random(client);
                for (int i = 0; i < 60; ++i) {
                    const TestRequest asked = any_option(random);
                    const Result<Generation> answer = engine.generate(request_of(asked));
                    expect_text(answer, model, asked);
                    const std::lock_guard lock(mutex);
                    if (answer) ++endings[answer->decoded.front().ending];
                }
            });
        }
    }
    expect_all_slots_free(engine, model);
}

TEST(EngineRules, AnyMixtureOfRulesSaysWhatTheReferenceSays) {
    std::map<Ending, int> endings;
    expect_the_references_texts(chatty(), random_option, endings);
    for (const Ending one : {Ending::end_token, Ending::length, Ending::ends_here})
        EXPECT_GT(endings[one], 12) << static_cast<int>(one);
}

TEST(EngineRules, AForgetfulModelIsStoppedWhereItRepeatsItself) {
    Script script = chatty();
    script.memory = 1;
    script.bias = -8;
    std::map<Ending, int> endings;
    expect_the_references_texts(script, unbound_option, endings);
    EXPECT_GT(endings[Ending::loop], 20);
    EXPECT_GT(endings[Ending::length], 12);
}

TEST(EngineRules, WhoListensHearsNothingThatIsCutLater) {
    Script script = chatty();
    script.memory = 1;
    script.bias = -8;
    ScriptedModel model(script);
    Engine engine(model, {});
    int loops = 0;
    for (int picture = 0; picture < 60; ++picture) {
        TestRequest asked{
            .picture = picture, .rules = {.max_length = 90, .end = {end}, .guards_loops = true}
        };
        std::vector<TokenId> heard;
        const auto answer =
            engine.generate(request_of(asked), [&](TokenId token) { heard.push_back(token); });
        expect_text(answer, model, asked);
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ(heard, answer->decoded.front().tokens);
        if (answer->decoded.front().ending == Ending::loop) ++loops;
    }
    EXPECT_GT(loops, 20);
}

TEST(EngineRules, OfBeamsTheBestComeFirstAsManyAsWanted) {
    ScriptedModel model(chatty());
    Engine engine(model, {});
    for (int returned = 1; returned <= 4; ++returned) {
        const TestRequest asked{
            .picture = 2, .rules = {.max_length = 9, .num_beams = 4, .end = {end}, .returned = returned}
        };
        const Result<Generation> answer = engine.generate(request_of(asked));
        expect_text(answer, model, asked);
        ASSERT_EQ(answer->decoded.size(), static_cast<std::size_t>(returned));
        EXPECT_TRUE(std::ranges::is_sorted(answer->decoded, std::ranges::greater(), &Decoded::score));
    }
}

TEST(EngineRules, AFilterThatFailsEndsItsOwnSequenceAndNobodyElses) {
    ScriptedModel model(roomy(8));
    Engine engine(model, inbox_of(1));
    for (const std::size_t after : {0U, 1U, 3U}) {
        model.gate.shut();
        Callers callers(engine, Ears::open);
        const TestRequest asked{.picture = 1, .rules = brief(1)};
        const int running = callers.call(asked);
        model.gate.await();
        TestRequest lost{.picture = 2, .rules = brief(1), .filter = FilterScript{.fails_after = after}};
        const int failing = callers.fill(1, lost).front();
        model.gate.open();
        const Result<Generation> answer = callers.answer(failing);
        ASSERT_FALSE(answer.has_value());
        EXPECT_EQ(answer.error().message, "the grammar is lost");
        EXPECT_LE(callers.hear_rest(failing).size(), after);
        expect_text(callers.answer(running), model, asked);
    }
    expect_all_slots_free(engine, model);
}

TEST(EngineRules, AStepThatIsRunAgainTellsAFilterNothingTwice) {
    ScriptedModel model(roomy(12));
    model.fail_with_picture(poison, {.code = ErrorCode::model_failed, .message = "no", .field = {}});
    Engine engine(model, inbox_of(1));
    TestRequest asked{
        .picture = 1, .rules = brief(1), .filter = FilterScript{.end = {end}, .complete_after = 40}
    };
    asked.rules.max_length = 30;
    asked.rules.sampling = SamplingRules{.seed = 4};
    model.gate.shut();
    Callers callers(engine);
    const int running = callers.call(asked);
    model.gate.await();
    for (int i = 0; i < 3; ++i) {  // each newcomer breaks a step, which is run again without it
        const int newcomer = callers.fill(1, {.picture = poison, .rules = brief(1)}).front();
        for (int steps = 0; steps < 3; ++steps) model.gate.let_one_through_and_await();
        EXPECT_EQ(code_of(callers.answer(newcomer)), ErrorCode::model_failed);
    }
    model.gate.open();
    expect_text(callers.answer(running), model, asked);
}

TEST(EngineRules, RefusesAFilterWithBeamsBeforeAnyStep) {
    ScriptedModel model(chatty());
    Engine engine(model, {});
    const TestRequest asked{.picture = 1, .rules = brief(2), .filter = FilterScript{}};
    EXPECT_EQ(code_of(engine.generate(request_of(asked))), ErrorCode::invalid_input);
    EXPECT_TRUE(model.steps().empty());
}

// Six words are known and five of them forbidden or said: the beams run out of words, and the engine goes on.
TEST(EngineRules, BeamsThatRunOutOfWordsEndAndAreNotReturned) {
    ScriptedModel model({.shape = {.slots = 4, .positions = 40, .vocabulary = 6}});
    Engine engine(model, {});
    const TestRequest asked{
        .picture = 2,
        .rules =
            {
                .max_length = 9,
                .num_beams = 4,
                .end = {end},
                .no_repeat_ngram = 1,
                .forbidden = {{TokenId{0}}, {TokenId{2}}, {TokenId{3}}},
                .returned = 4,
            }
    };
    const Result<Generation> answer = engine.generate(request_of(asked));
    ASSERT_TRUE(answer.has_value());
    for (const Decoded& one : answer->decoded) {
        EXPECT_TRUE(std::isfinite(one.score));
        for (const TokenId token : one.tokens) EXPECT_TRUE(token == TokenId{4} || token == end);
    }
    EXPECT_EQ(answer->decoded.size(), 2U) << "the end alone, and the one word that is left with it";
}

TEST(EngineRules, PicturesAreReadInTheOrderOfTheirPlaceholders) {
    ScriptedModel model(chatty());
    Engine engine(model, {});
    for (const std::vector<int>& pictures : {std::vector{3, 4}, std::vector{4, 3}, std::vector{3, 4, 5}}) {
        const TestRequest asked{.picture = ScriptedModel::number_of(pictures), .rules = brief(2)};
        GenerationRequest request = request_of(asked);
        request.pictures.clear();
        for (const int one : pictures) request.pictures.push_back(std::make_unique<ScriptedPixels>(one));
        expect_text(engine.generate(std::move(request)), model, asked);
    }
}

}  // namespace
}  // namespace vignette::engine_rules_test
