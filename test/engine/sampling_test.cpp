#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>

#include "engine/callers.h"
#include "engine/engine.h"
#include "engine/expected_text.h"
#include "engine/seeded_random.h"
#include "fakes/scripted_choice.h"
#include "fakes/scripted_model.h"

namespace vignette {
namespace {

constexpr int draws = 20'000;
const std::vector<float> logits{2.0F, -1.0F, 0.5F, 1.9F, -3.0F, 0.0F, 1.0F, -0.5F};

// How far `counts` are from what was expected, in units that grow with the number of kinds only.
double chi_square(const std::vector<int>& counts, const std::vector<double>& probabilities) {
    double sum = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const double expected = probabilities[i] * draws;
        if (expected > 0) sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    return sum;
}

struct Setting {
    SamplingRules rules;
    int left;  // how many of the eight tokens may be drawn
};

TEST(Sampling, DrawsWithTheReferencesProbabilities) {
    const std::vector<Setting> settings{
        {.rules = {.top_k = 0}, .left = 8},
        {.rules = {.temperature = 0.5, .top_k = 0}, .left = 8},
        {.rules = {.temperature = 3, .top_k = 3}, .left = 3},
        {.rules = {.top_k = 0, .top_p = 0.9}, .left = 4},
        {.rules = {.top_k = 0, .min_p = 0.2}, .left = 4},
        {.rules = {.temperature = 1.5, .top_k = 6, .top_p = 0.8, .min_p = 0.4}, .left = 3},
    };
    for (std::size_t i = 0; i < settings.size(); ++i) {
        const SamplingRules& rules = settings[i].rules;
        const std::vector<double> probabilities = reference_probabilities(logits, rules);
        std::vector<int> counts(logits.size());
        for (std::uint64_t place = 0; place < draws; ++place) {
            const Sampling sampling{
                .temperature = rules.temperature,
                .top_k = rules.top_k,
                .top_p = rules.top_p,
                .min_p = rules.min_p,
                .draw = draw(i, place),
            };
            const auto chosen = scripted_choice({logits}, std::vector<float>{0}, {.sampling = sampling});
            ++counts[static_cast<std::size_t>(chosen.front().token)];
        }
        int left = 0;
        for (std::size_t token = 0; token < counts.size(); ++token) {
            if (probabilities[token] > 0) ++left;
            EXPECT_EQ(counts[token] > 0, probabilities[token] > 0) << i << ": " << token;
        }
        EXPECT_EQ(left, settings[i].left) << i;
        EXPECT_LT(chi_square(counts, probabilities), 26) << i;  // 7 degrees of freedom: once in two thousand
    }
}

TEST(Sampling, DrawsAreEvenForEverySeedAndNeighbouringSeedsHaveNothingInCommon) {
    std::set<double> all;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        double sum = 0;
        for (std::uint64_t place = 0; place < 1000; ++place) {
            const double one = draw(seed, place);
            ASSERT_TRUE(0 <= one && one < 1);
            EXPECT_EQ(one, draw(seed, place));
            all.insert(one);
            sum += one;
        }
        EXPECT_NEAR(sum / 1000, 0.5, 0.04) << seed;
    }
    EXPECT_EQ(all.size(), 100'000U);
}

TestRequest sampled(std::uint64_t seed) {
    TestRequest asked{.picture = 3, .rules = brief(1)};
    asked.rules.max_length = 20;
    asked.rules.sampling = SamplingRules{.temperature = 1.5, .top_k = 0, .seed = seed};
    return asked;
}

TEST(Sampling, TheSameSeedSaysTheSameWhoeverRunsBesideItAndAnotherOneSaysSomethingElse) {
    ScriptedModel model(roomy(8));
    Engine engine(model, inbox_of(6));
    const Result<Generation> alone = engine.generate(request_of(sampled(7)));
    ASSERT_TRUE(alone.has_value());
    model.gate.shut();
    Callers callers(engine);
    const int first = callers.call(sampled(8));
    model.gate.await();
    const std::vector<int> others = callers.fill(6, sampled(7));
    model.gate.open();
    EXPECT_NE(callers.answer(first)->decoded.front().tokens, alone->decoded.front().tokens);
    for (const int caller : others)
        EXPECT_EQ(callers.answer(caller)->decoded.front().tokens, alone->decoded.front().tokens);
}

TEST(Sampling, AStepThatIsRunAgainDrawsTheSame) {
    ScriptedModel model(roomy(8));
    Engine engine(model, inbox_of(4));
    model.gate.shut();
    Callers callers(engine);
    const int running = callers.call(sampled(1));
    model.gate.await();
    const std::vector<int> newcomers = callers.fill(4, sampled(2));
    model.gate.let_one_through_and_await();
    model.fail_next(3, {.code = ErrorCode::out_of_memory, .message = "full", .field = {}});
    model.gate.open();
    expect_text(callers.answer(running), model, sampled(1));
    for (const int caller : newcomers) expect_text(callers.answer(caller), model, sampled(2));
}

TEST(Sampling, TheEngineRefusesItWithBeamsAndWithoutATemperature) {
    ScriptedModel model(roomy(8));
    Engine engine(model, {});
    TestRequest beams = sampled(1);
    beams.rules.num_beams = 2;
    EXPECT_EQ(code_of(engine.generate(request_of(beams))), ErrorCode::invalid_input);
    TestRequest cold = sampled(1);
    cold.rules.sampling->temperature = 0;
    EXPECT_EQ(code_of(engine.generate(request_of(cold))), ErrorCode::invalid_input);
    EXPECT_TRUE(model.steps().empty());
}

}  // namespace
}  // namespace vignette
