#include "engine/token_constraints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "engine/reference_rules.h"
#include "fakes/scripted_filter.h"

namespace vignette::token_constraints_test {
namespace {

constexpr int vocabulary = 40;
constexpr TokenId end{5};

std::vector<TokenId> ids(std::initializer_list<int> numbers) {
    std::vector<TokenId> tokens;
    for (const int one : numbers) tokens.push_back(TokenId{one});
    return tokens;
}

using Tokens = std::set<TokenId>;
Tokens set_of(std::span<const TokenId> tokens) { return {tokens.begin(), tokens.end()}; }

Choice described(const TokenConstraints& constraints) {
    Choice wanted;
    constraints.describe(wanted);
    return wanted;
}

// Everything that this row must not say now.
Tokens forbidden(const TokenConstraints& constraints, std::size_t row = 0) {
    const Choice wanted = described(constraints);
    Tokens tokens = set_of(wanted.forbidden);
    if (!wanted.rules.empty()) tokens.merge(set_of(wanted.rules[row].forbidden));
    return tokens;
}

void say(TokenConstraints& constraints, int token) {
    const NextRow next{.parent = 0, .token = TokenId{token}};
    EXPECT_TRUE(constraints.follow(next.token, {&next, 1}).has_value());
}

TEST(TokenConstraints, SaysNothingOfRowsWhereNothingIsWanted) {
    TokenConstraints constraints({.end = {end}}, ids({1, 2, 3}), nullptr, vocabulary);
    say(constraints, 7);
    EXPECT_TRUE(described(constraints).rules.empty());
    EXPECT_TRUE(described(constraints).forbidden.empty());
    EXPECT_EQ(described(constraints).repetition_penalty, 1);
}

TEST(TokenConstraints, PenalisesEachTokenOnceFromTheHistorysStartOn) {
    const DecodingRules rules{.repetition_penalty = 1.25, .history_from = 2};
    TokenConstraints constraints(rules, ids({1, 2, 4, 3, 4}), nullptr, vocabulary);
    EXPECT_EQ(described(constraints).repetition_penalty, 1.25F);
    for (const int token : {9, 3, 9, 0}) say(constraints, token);
    const std::span<const TokenId> penalised = described(constraints).rules[0].penalised;
    EXPECT_EQ(std::vector(penalised.begin(), penalised.end()), ids({0, 3, 4, 9}));
}

TEST(TokenConstraints, AHistoryThatStartsBehindThePromptIsEmpty) {
    const DecodingRules rules{.repetition_penalty = 2, .no_repeat_ngram = 1, .history_from = 9};
    const TokenConstraints constraints(rules, ids({1, 2}), nullptr, vocabulary);
    EXPECT_TRUE(described(constraints).rules[0].penalised.empty());
    EXPECT_TRUE(forbidden(constraints).empty());
}

TEST(TokenConstraints, TokensThatTheModelDoesNotKnowAreLeftOut) {
    const DecodingRules rules{
        .repetition_penalty = 2, .no_repeat_ngram = 2, .forbidden = {ids({90}), ids({7, 91})}
    };
    TokenConstraints constraints(rules, ids({7, 92, 7}), nullptr, vocabulary);
    EXPECT_TRUE(forbidden(constraints).empty());
    say(constraints, 7);
    EXPECT_EQ(set_of(described(constraints).rules[0].penalised), Tokens{TokenId{7}});
    EXPECT_EQ(forbidden(constraints), Tokens{TokenId{7}}) << "7 7 was said, 7 92 and 7 91 cannot be";
}

TEST(TokenConstraints, AnNgramBeginsInThePromptOrCrossesIntoWhatWasSaid) {
    TokenConstraints constraints({.no_repeat_ngram = 3}, ids({1, 2, 3, 1, 2}), nullptr, vocabulary);
    EXPECT_EQ(forbidden(constraints), Tokens{TokenId{3}});  // 1 2 3
    say(constraints, 4);                                    // 1 2 4, across
    EXPECT_TRUE(forbidden(constraints).empty());
    say(constraints, 1);
    say(constraints, 2);
    EXPECT_EQ(forbidden(constraints), (Tokens{TokenId{3}, TokenId{4}}));
}

TEST(TokenConstraints, AForbiddenWordMayBeginInThePrompt) {
    const DecodingRules rules{
        .end = {end}, .forbidden = {ids({8}), ids({1, 2, 3}), ids({2, 4}), ids({5}), ids({}), ids({6, 5})}
    };
    TokenConstraints constraints(rules, ids({0, 1, 2}), nullptr, vocabulary);
    EXPECT_EQ(forbidden(constraints), (Tokens{TokenId{8}, TokenId{3}, TokenId{4}}));
    say(constraints, 6);
    EXPECT_EQ(forbidden(constraints), (Tokens{TokenId{8}, end})) << "an end token alone is no word";
    say(constraints, 6);
    EXPECT_EQ(forbidden(constraints), (Tokens{TokenId{8}, end}));
}

TEST(TokenConstraints, AForbiddenWordNeedsAHistoryOfItsWholeLengthAsInTheReference) {
    const DecodingRules rules{.history_from = 1, .forbidden = {ids({1, 2})}};
    EXPECT_TRUE(forbidden(TokenConstraints(rules, ids({0, 1}), nullptr, vocabulary)).empty());
    EXPECT_EQ(forbidden(TokenConstraints(rules, ids({0, 0, 1}), nullptr, vocabulary)), Tokens{TokenId{2}});
}

// Beams live, die and have several children; each must know exactly its own past.
TEST(TokenConstraints, EachBeamKeepsItsOwnHistoryWhereverItMoves) {
    std::mt19937 random(3);
    for (int round = 0; round < 300; ++round) {
        ReferenceRequest asked{.rules = {.min_length = 3, .end = {end}, .repetition_penalty = 1.5}};
        asked.rules.no_repeat_ngram = static_cast<int>(random() % 4);
        asked.rules.history_from = random() % 4;
        for (int word = 0; word < 3; ++word) {
            auto& tokens = asked.rules.forbidden.emplace_back(random() % 4);
            for (TokenId& one : tokens) one = TokenId{static_cast<int>(random() % 6)};
        }
        asked.prompt.resize(random() % 30 + 1);
        for (TokenId& one : asked.prompt) one = TokenId{static_cast<int>(random() % 6)};
        TokenConstraints constraints(asked.rules, asked.prompt, nullptr, vocabulary);
        std::vector<std::vector<TokenId>> said(1);
        const std::size_t beams = random() % 4 + 1;
        for (int step = 0; step < 12; ++step) {
            for (std::size_t row = 0; row < said.size(); ++row) {
                const auto history = reference_input_ids(asked, said[row]);
                ASSERT_EQ(forbidden(constraints, row), set_of(reference_forbidden(asked, said[row])));
                ASSERT_EQ(set_of(described(constraints).rules[row].penalised), set_of(history));
            }
            std::vector<NextRow> next;
            std::vector<std::vector<TokenId>> longer;
            for (std::size_t row = 0; row < beams; ++row) {
                next.push_back(
                    {.parent = static_cast<int>(random() % said.size()),
                     .token = TokenId{static_cast<int>(random() % 6)}}
                );
                longer.push_back(said[static_cast<std::size_t>(next[row].parent)]);
                longer.back().push_back(next[row].token);
            }
            ASSERT_TRUE(constraints.follow(next.front().token, next).has_value());
            said = std::move(longer);
        }
    }
}

TEST(TokenConstraints, AFilterIsAskedForEachStepAndWinsOverWhatWouldLeaveNothing) {
    const FilterScript script{.vocabulary = vocabulary, .end = {end}, .complete_after = 1};
    ScriptedFilter filter(script);
    const DecodingRules rules{.min_length = 9, .end = {end}, .no_repeat_ngram = 1, .forbidden = {ids({1})}};
    TokenConstraints constraints(rules, ids({0}), &filter, vocabulary);
    ASSERT_TRUE(constraints.begin().has_value());
    EXPECT_EQ(forbidden(constraints), (Tokens{TokenId{0}, TokenId{1}, end}));
    ASSERT_EQ(described(constraints).rules[0].allowed.size(), 2U);
    const std::vector<bool> permitted = ScriptedFilter::permitted(script, {});
    for (std::size_t i = 0; i < permitted.size(); ++i)
        EXPECT_EQ((described(constraints).rules[0].allowed[i / 32] >> (i % 32) & 1U) != 0, permitted[i]);
    const NextRow next{.parent = 0, .token = TokenId{0}};
    ASSERT_TRUE(constraints.follow(next.token, {&next, 1}).has_value());
    EXPECT_TRUE(forbidden(constraints).empty()) << "only the end is allowed now";
    EXPECT_EQ(described(constraints).rules[0].allowed[0], 1U << static_cast<unsigned>(end));
    EXPECT_TRUE(constraints.follow(end, {}).has_value()) << "told of the end, and not asked any more";
}

TEST(TokenConstraints, AFilterOfAnotherVocabularyIsAnErrorAndNotAWrongMask) {
    ScriptedFilter filter({.vocabulary = vocabulary + 40});
    TokenConstraints constraints({.end = {end}}, ids({0}), &filter, vocabulary);
    EXPECT_FALSE(constraints.begin().has_value());
}

}  // namespace
}  // namespace vignette::token_constraints_test
