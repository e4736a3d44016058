// Choosing for many rows at once on a device: as many calls as for one row, and only what is needed comes
// back.
#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "model/choose/choose_tokens.h"
#include "model/choose/sample.h"

namespace vignette {
namespace {

thread_local int calls_seen = 0;

// Calls into torch while `work` runs on this thread.
int calls_of(const std::function<void()>& work) {
    calls_seen = 0;
    const at::CallbackHandle handle = at::addThreadLocalCallback(
        at::RecordFunctionCallback([](const at::RecordFunction&) -> std::unique_ptr<at::ObserverContext> {
            ++calls_seen;
            return nullptr;
        }).scopes({at::RecordScope::FUNCTION})
    );
    work();
    at::removeCallback(handle);
    return calls_seen;
}

class Logits {
public:
    explicit Logits(unsigned seed) : random_(seed) {}

    std::vector<float> row(int vocabulary, float spread) {
        std::normal_distribution<float> noise(0, spread);
        std::vector<float> numbers(static_cast<std::size_t>(vocabulary));
        std::ranges::generate(numbers, [&] { return noise(random_); });
        return numbers;
    }
    at::Tensor rows(int count, int vocabulary) {
        at::Tensor made = at::empty({count, vocabulary}, at::kFloat);
        for (int i = 0; i < count; ++i)
            std::ranges::copy(
                row(vocabulary, 3), made.mutable_data_ptr<float>() + std::int64_t{i} * vocabulary
            );
        return made;
    }
    double share() { return std::uniform_real_distribution<double>(0, 1)(random_); }

private:
    std::mt19937 random_;
};

TEST(ChooseManyRows, TakesAsManyCallsAsForOneRow) {
    const std::vector ended{TokenId{3}};
    const std::vector said{TokenId{5}, TokenId{8}};
    const std::vector<std::uint32_t> allowed{~1U, ~0U, ~0U, ~0U};
    const std::vector<RowRules> rules{{.forbidden = ended, .penalised = said, .allowed = allowed}};
    const std::vector<RowRules> of_three(3, rules.front());
    const Choice kinds[] = {
        Choice{},
        Choice{.forbidden = ended, .logprobs = true},
        Choice{.rules = rules, .repetition_penalty = 1.2F},
        Choice{.sampling = Sampling{.top_k = 5}},
        Choice{.rules = rules, .sampling = Sampling{.top_p = 0.9}},
        Choice{.rows = 3, .candidates = 6, .forbidden = ended, .rules = of_three, .logprobs = true},
    };
    Logits logits(7);
    for (const Choice& kind : kinds) {
        const auto calls_for = [&](int count) {
            const std::vector<Choice> choices(static_cast<std::size_t>(count), kind);
            const std::vector<float> scores(static_cast<std::size_t>(count * kind.rows), -1);
            const at::Tensor rows = logits.rows(count * kind.rows, 128);
            return calls_of([&] { EXPECT_TRUE(choose_on_device(rows, scores, choices)); });
        };
        const int for_one = calls_for(1);
        EXPECT_GT(for_one, 0);
        EXPECT_EQ(calls_for(4), for_one) << kind.candidates;
        EXPECT_EQ(calls_for(16), for_one) << kind.candidates;
    }
}

TEST(ChooseManyRows, OfAKindInTheirOwnOrder) {
    Logits logits(8);
    for (int round = 0; round < 30; ++round) {
        const Sampling sampling{.temperature = 0.8, .top_p = 0.95, .draw = logits.share()};
        const std::vector choices{
            Choice{.sampling = sampling},
            Choice{.rows = 2, .candidates = 4},
            Choice{},
            Choice{.rows = 1, .candidates = 4},
            Choice{.rows = 2, .candidates = 4},
            Choice{.sampling = sampling},
            Choice{}
        };
        const at::Tensor rows = logits.rows(9, 2500);
        const std::vector<float> scores{-1, -2, -3, -4, -5, -6, -7, -8, -9};
        const auto expected = choose_in_memory(rows.clone(), scores, choices).value();
        EXPECT_EQ(choose_on_device(rows, scores, choices).value(), expected) << round;
    }
}

std::vector<Scored> scored(const std::vector<float>& numbers) {
    std::vector<Scored> all;
    for (std::size_t i = 0; i < numbers.size(); ++i)
        all.push_back({.score = numbers[i], .token = TokenId{static_cast<std::int32_t>(i)}});
    return all;
}

// What the head decides is what the whole row decides, and it decides nearly always.
TEST(ChooseManyRows, TheMostLikelyTokensAreEnoughToDraw) {
    constexpr int rounds = 400;
    Logits logits(9);
    int decided = 0;
    for (int round = 0; round < rounds; ++round) {
        const bool coarse = round % 4 == 0;  // many equals
        std::vector<float> row = logits.row(5000, 6);
        if (coarse)
            for (float& one : row) one = std::round(one * 2) / 2;
        const Sampling sampling{
            .temperature = std::vector{0.5, 1.0, 1.4}[static_cast<std::size_t>(round) % 3],
            .top_p = std::vector{1.0, 0.9, 0.3}[static_cast<std::size_t>(round) % 5 % 3],
            .min_p = std::vector{0.0, 0.05}[static_cast<std::size_t>(round) % 7 % 2],
            .draw = logits.share()
        };
        const TokenId expected = draw_token(scored(row), sampling);
        std::vector<Scored> head = scored(row);
        std::ranges::sort(head, [](const Scored& one, const Scored& other) {
            return one.score > other.score;
        });
        double mass = 0;
        for (const Scored& one : head)
            mass += std::exp((one.score - head.front().score) / sampling.temperature);
        head.resize(1024);
        const std::optional<TokenId> drawn = draw_from_head(head, mass, sampling);
        if (!drawn) continue;
        ++decided;
        EXPECT_EQ(*drawn, expected) << round;
    }
    EXPECT_GT(decided, rounds * 9 / 10);
}

TEST(ChooseManyRows, WhatTheHeadCannotKnowItDoesNotDecide) {
    std::vector<Scored> head = scored(std::vector<float>(1024, 0));
    EXPECT_FALSE(draw_from_head(head, 5000, {.draw = 0.1})) << "all are equals of those that are missing";
    for (std::size_t i = 0; i < head.size(); ++i) head[i].score = -static_cast<float>(i);
    const double mass = 1 / (1 - std::exp(-1.0));
    EXPECT_EQ(draw_from_head(head, mass, {.draw = 0.1}), TokenId{0});
    EXPECT_FALSE(draw_from_head(head, mass, {.draw = 1 / mass})) << "the last bits of a sum would decide";
    EXPECT_FALSE(draw_from_head(head, 1000 * mass, {.draw = 0.9})) << "it is among those that are missing";
    EXPECT_FALSE(draw_from_head(head, 1000 * mass, {.top_p = 0.9, .draw = 0}))
        << "where top_p ends is missing";
    EXPECT_FALSE(draw_from_head(head, mass, {.min_p = std::exp(-2.0), .draw = 0})) << "at the edge of min_p";
}

}  // namespace
}  // namespace vignette
