#include "engine/beam_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

#include "engine/reference_search.h"

namespace vignette::beam_search_test {
namespace {

enum class Scores { many_ties, fine };

struct Case {
    DecodingRules rules;
    std::uint64_t seed = 0;
    Scores scores = Scores::fine;
    int vocabulary = 32;
    float end_bias = 0;  // of the end tokens, so that searches end at any length
};

std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 31U)) * 0x9E3779B97F4A7C15U;
    return value ^ (value >> 29U);
}

// The scores after `said`. Ties are exact: quarters add up without rounding.
NextScores table(const Case& one) {
    return [one](std::span<const TokenId> said) {
        std::uint64_t state = mixed(one.seed + 1);
        for (const TokenId token : said) state = mixed(state + static_cast<std::uint64_t>(token) + 7);
        std::vector<float> scores;
        for (int i = 0; i < one.vocabulary; ++i) {
            const std::uint64_t draw = mixed(state + 1000 * static_cast<std::uint64_t>(i + 1));
            const float fine = -8 * static_cast<float>(draw >> 40U) / 0x1p24F;
            const float coarse = -0.25F * static_cast<float>((draw >> 40U) % 4);
            scores.push_back(one.scores == Scores::fine ? fine : coarse);
            if (reference_ends(one.rules, TokenId{i})) scores.back() += one.end_bias;
        }
        return scores;
    };
}

struct Outcome {
    Decoded decoded;
    int steps = 0;
};

// The search as the engine drives it: rows are what NextRow says, candidates are the best over all rows.
Outcome searched(const Case& one) {
    BeamSearch search(one.rules);
    const ReferenceRequest asked{.rules = one.rules, .next = table(one)};
    std::vector<std::vector<TokenId>> said(1);
    std::vector<float> running{0};
    for (Outcome outcome;;) {
        std::vector<Candidate> all;
        for (std::size_t row = 0; row < said.size(); ++row) {
            const std::vector<float> scores = reference_processed(asked, said[row]);
            for (std::size_t i = 0; i < scores.size(); ++i) {
                all.push_back(
                    {.row = static_cast<int>(row),
                     .token = TokenId{static_cast<int>(i)},
                     .score = scores[i] + running[row]}
                );
            }
        }
        std::ranges::stable_sort(all, std::ranges::greater(), &Candidate::score);
        all.resize(static_cast<std::size_t>(search.candidates()));
        const std::vector<NextRow> rows = search.advance(all);
        ++outcome.steps;
        EXPECT_EQ(search.length(), outcome.steps);
        if (rows.empty()) {
            outcome.decoded = search.decoded().front();
            return outcome;
        }
        EXPECT_EQ(rows.size(), static_cast<std::size_t>(one.rules.num_beams));
        std::vector<std::vector<TokenId>> longer;
        running.clear();
        for (const NextRow& row : rows) {
            longer.push_back(said.at(static_cast<std::size_t>(row.parent)));
            longer.back().push_back(row.token);
            running.push_back(row.score);
        }
        said = std::move(longer);
    }
}

std::string described(const Case& one) {
    return "seed " + std::to_string(one.seed) + ", beams " + std::to_string(one.rules.num_beams) +
           ", penalty " + std::to_string(one.rules.length_penalty) + ", early " +
           std::to_string(one.rules.early_stopping) + ", ends " + std::to_string(one.rules.end.size()) +
           ", lengths " + std::to_string(one.rules.min_length) + " to " +
           std::to_string(one.rules.max_length) + ", bias " + std::to_string(one.end_bias);
}

template <class T, std::size_t n>
T any_of(std::mt19937& random, const T (&values)[n]) {
    return values[random() % n];
}

Case random_case(std::mt19937& random, Scores scores) {
    Case one{.rules = {}, .seed = random(), .scores = scores, .vocabulary = 32, .end_bias = 0};
    one.rules.num_beams = static_cast<int>(random() % 4) + 2;
    one.rules.length_penalty = any_of(random, {-1.0, 0.0, 0.5, 1.0, 2.0});
    one.rules.early_stopping = random() % 2 == 0;
    one.rules.max_length = any_of(random, {1, 2, 3, 5, 8, 12});
    one.rules.min_length = any_of(random, {0, 0, 1, 2, 4});
    for (std::size_t ends = random() % 4; one.rules.end.size() < ends;) {
        const TokenId token{static_cast<int>(random() % 32)};
        if (!reference_ends(one.rules, token)) one.rules.end.push_back(token);
    }
    one.end_bias = any_of(random, {-2.0F, 0.0F, 1.0F, 2.0F, 4.0F});
    return one;
}

void expect_the_references_answer(Scores scores) {
    std::mt19937 random(7);
    int stopped_before_the_limit = 0;
    for (int i = 0; i < 1000; ++i) {
        const Case one = random_case(random, scores);
        const Decoded expected = ReferenceBeamSearch({.rules = one.rules, .next = table(one)}).run().front();
        const Outcome found = searched(one);
        ASSERT_EQ(found.decoded.tokens, expected.tokens) << described(one);
        ASSERT_EQ(found.decoded.score, expected.score) << described(one);
        if (found.steps < one.rules.max_length) ++stopped_before_the_limit;
    }
    EXPECT_GT(stopped_before_the_limit, 100);
    EXPECT_LT(stopped_before_the_limit, 900);
}

TEST(BeamSearch, SaysWhatTheReferenceSays) { expect_the_references_answer(Scores::fine); }

TEST(BeamSearch, BreaksTiesAsTheReferenceDoes) { expect_the_references_answer(Scores::many_ties); }

TEST(BeamSearch, LooksAtEnoughCandidatesToGoOnWhenTheOthersEnd) {
    EXPECT_EQ(BeamSearch({.num_beams = 3, .end = {}}).candidates(), 6);
    EXPECT_EQ(BeamSearch({.num_beams = 3, .end = {TokenId{1}}}).candidates(), 6);
    EXPECT_EQ(BeamSearch({.num_beams = 3, .end = {TokenId{1}, TokenId{2}}}).candidates(), 9);
}

TEST(BeamSearch, OnlyTheFirstNumBeamsCandidatesMayFinish) {
    BeamSearch search({.max_length = 2, .num_beams = 2, .end = {TokenId{9}}});
    const std::vector<Candidate> first{
        {.row = 0, .token = TokenId{1}, .score = -1},
        {.row = 0, .token = TokenId{2}, .score = -2},
        {.row = 0, .token = TokenId{9}, .score = -3},
        {.row = 0, .token = TokenId{3}, .score = -4},
    };
    EXPECT_EQ(
        search.advance(first), (std::vector<NextRow>{
                                   {.parent = 0, .token = TokenId{1}, .score = -1},
                                   {.parent = 0, .token = TokenId{2}, .score = -2},
                               })
    );
    const std::vector<Candidate> second{
        {.row = 1, .token = TokenId{4}, .score = -20},
        {.row = 0, .token = TokenId{5}, .score = -21},
        {.row = 0, .token = TokenId{6}, .score = -22},
        {.row = 0, .token = TokenId{7}, .score = -23},
    };
    EXPECT_TRUE(search.advance(second).empty());
    EXPECT_EQ(search.decoded().front().tokens, (std::vector<TokenId>{TokenId{2}, TokenId{4}}))
        << "not the 9 at -3";
    EXPECT_EQ(search.decoded().front().score, -10);
}

TEST(BeamSearch, AnEndedBeamDoesNotGoOn) {
    BeamSearch search({.max_length = 5, .num_beams = 2, .end = {TokenId{9}}});
    const std::vector<Candidate> best{
        {.row = 0, .token = TokenId{9}, .score = -1},
        {.row = 0, .token = TokenId{2}, .score = -2},
        {.row = 0, .token = TokenId{3}, .score = -3},
        {.row = 0, .token = TokenId{4}, .score = -4},
    };
    EXPECT_EQ(
        search.advance(best), (std::vector<NextRow>{
                                  {.parent = 0, .token = TokenId{2}, .score = -2},
                                  {.parent = 0, .token = TokenId{3}, .score = -3},
                              })
    );
}

}  // namespace
}  // namespace vignette::beam_search_test
