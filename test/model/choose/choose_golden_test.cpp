// Choosing beside transformers' logits processors (golden_choices.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "model/choose/choose_tokens.h"
#include "model/choose/choose_ways.h"
#include "model/choose/sample.h"
#include "model/golden.h"

namespace vignette {
namespace {

class ChooseGoldenTest : public testing::Test {
protected:
    at::Tensor logits(const std::string& kind, int number, std::int64_t rows) const {
        const std::vector<float> numbers = golden_.floats(kind + "." + std::to_string(number));
        at::Tensor tensor = at::empty({rows, static_cast<std::int64_t>(numbers.size()) / rows}, at::kFloat);
        std::ranges::copy(numbers, tensor.mutable_data_ptr<float>());
        return tensor;
    }
    std::string named(const std::string& kind, const std::string& part, int number) const {
        return kind + "." + part + "." + std::to_string(number);
    }
    int cases(const std::string& kind) const { return golden_.numbered(kind); }

    Golden golden_{"choices.safetensors"};
};

// The draws that hit the middle of each probability draw each token that the reference leaves, once. Which of
// several equals remain at the edge of top_p is chance there, so tokens are compared by their logits.
TEST_F(ChooseGoldenTest, SamplingDrawsFromWhatTheReferenceLeaves) {
    ASSERT_GE(cases("sample"), 100);
    for (int number = 0; number < cases("sample"); ++number) {
        const auto rules = golden_.numbers<double>(named("sample", "rules", number));
        const auto likely = golden_.floats(named("sample", "likely", number));
        const auto all = golden_.floats("sample." + std::to_string(number));
        std::vector<std::pair<float, float>> expected;  // logit, probability
        for (std::size_t token = 0; token < likely.size(); ++token)
            if (likely[token] > 1e-6F) expected.emplace_back(all[token], likely[token]);  // else too narrow
        std::ranges::sort(expected, std::greater{});
        SCOPED_TRACE(
            testing::Message() << "case " << number << ": temperature " << rules[0] << ", top_k " << rules[1]
                               << ", top_p " << rules[2] << ", min_p " << rules[3]
        );
        for (const Way way : both_ways) {
            std::set<TokenId> drawn;
            double before = 0;
            for (const auto& [logit, probability] : expected) {
                const Sampling sampling{
                    .temperature = rules[0],
                    .top_k = static_cast<int>(rules[1]),
                    .top_p = rules[2],
                    .min_p = rules[3],
                    .draw = before + double{probability} / 2
                };
                before += double{probability};
                const std::vector<float> scores{0};
                const std::vector choices{Choice{.sampling = sampling}};
                const auto said = way(logits("sample", number, 1), scores, choices).value().at(0).at(0);
                EXPECT_EQ(all[static_cast<std::size_t>(std::to_underlying(said.token))], logit);
                EXPECT_TRUE(drawn.insert(said.token).second) << "twice";
            }
        }
    }
}

TEST_F(ChooseGoldenTest, ASingleRowIsPenalisedInItsLogits) {
    ASSERT_GE(cases("single"), 100);
    for (int number = 0; number < cases("single"); ++number) {
        const auto said = golden_.tokens(named("single", "said", number));
        const auto forbidden = golden_.tokens(named("single", "forbidden", number));
        const std::vector<RowRules> rules{{.forbidden = forbidden, .penalised = said, .allowed = {}}};
        const Choice choice{
            .rules = rules, .repetition_penalty = golden_.floats(named("single", "penalty", number)).front()
        };
        const std::vector<float> scores{0};
        for (const Way way : both_ways) {
            const auto lists = way(logits("single", number, 1), scores, {&choice, 1}).value();
            EXPECT_EQ(lists.at(0).at(0).token, golden_.tokens(named("single", "token", number)).at(0));
        }
    }
}

TEST_F(ChooseGoldenTest, BeamsArePenalisedInTheirLogProbabilities) {
    ASSERT_GE(cases("beams"), 100);
    for (int number = 0; number < cases("beams"); ++number) {
        const auto scores = golden_.floats(named("beams", "scores", number));
        const auto said = golden_.tokens(named("beams", "said", number));
        const auto forbidden = golden_.tokens(named("beams", "forbidden", number));
        const auto best = golden_.floats(named("beams", "best", number));
        const auto places = golden_.numbers<std::int64_t>(named("beams", "places", number));
        const double near = rounding(golden_.floats("beams." + std::to_string(number)));
        const std::size_t each = said.size() / scores.size();
        std::vector<RowRules> rules;
        for (std::size_t row = 0; row < scores.size(); ++row) {
            rules.push_back(
                {.forbidden = {}, .penalised = std::span(said).subspan(row * each, each), .allowed = {}}
            );
        }
        const int rows = static_cast<int>(scores.size());
        const Choice choice{
            .rows = rows,
            .candidates = static_cast<int>(best.size()),
            .forbidden = forbidden,
            .rules = rules,
            .repetition_penalty = golden_.floats(named("beams", "penalty", number)).front()
        };
        for (const Way way : both_ways) {
            const at::Tensor table = logits("beams", number, rows);
            const auto found = way(table, scores, {&choice, 1}).value().at(0);
            ASSERT_EQ(found.size(), best.size());
            for (std::size_t i = 0; i < best.size(); ++i) {
                EXPECT_NEAR(found[i].score, best[i], near) << number;
                EXPECT_EQ(found[i].row * table.size(1) + std::to_underlying(found[i].token), places[i]);
            }
        }
    }
}

// Far more equals than are fetched from a device at first.
TEST(Sample, AllThatEqualTheLastOfTheMostLikelyRemain) {
    const std::vector<float> scores{0};
    std::vector<float> numbers(1000, 1);
    numbers[3] = 2;
    at::Tensor table = at::empty({1, 1000}, at::kFloat);
    for (const Way way : both_ways) {
        std::set<int> drawn;
        for (int i = 0; i < 2000; ++i) {
            std::ranges::copy(numbers, table.mutable_data_ptr<float>());
            const std::vector choices{Choice{.sampling = Sampling{.top_k = 2, .draw = i / 2000.0}}};
            drawn.insert(std::to_underlying(way(table, scores, choices).value().at(0).at(0).token));
        }
        EXPECT_EQ(drawn.size(), 1000U);
    }
}

TEST(Sample, AVanishingTemperatureTakesTheMostLikely) {
    const std::vector<Scored> scored{{.score = 1, .token = TokenId{5}}, {.score = 2, .token = TokenId{6}}};
    for (const double temperature : {1e-3, 1e-38, 1e-300})
        EXPECT_EQ(draw_token(scored, {.temperature = temperature, .draw = 0.99}), TokenId{6});
}

TEST(Sample, DrawsGoFromTheMostLikelyToTheLeast) {
    const std::vector<Scored> scored{
        {.score = 0, .token = TokenId{0}},
        {.score = 2, .token = TokenId{1}},
        {.score = 1, .token = TokenId{2}}
    };
    std::vector<int> drawn;
    for (int i = 0; i < 1000; ++i) {
        const int token = std::to_underlying(draw_token(scored, {.draw = i / 1000.0}));
        if (drawn.empty() || drawn.back() != token) drawn.push_back(token);
    }
    EXPECT_EQ(drawn, (std::vector{1, 2, 0}));
}

}  // namespace
}  // namespace vignette
