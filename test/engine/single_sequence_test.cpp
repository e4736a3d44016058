#include "engine/single_sequence.h"

#include <gtest/gtest.h>

namespace vignette::single_sequence_test {
namespace {

constexpr TokenId end{9};

std::vector<NextRow> say(SingleSequence& path, TokenId token) {
    const Candidate chosen{.row = 0, .token = token, .score = 0};
    return path.advance({&chosen, 1});
}

TEST(SingleSequence, ContinuesItsOneRowWithTheTokenItWasGiven) {
    SingleSequence path({.max_length = 5, .end = {end}});
    EXPECT_EQ(path.candidates(), 1);
    EXPECT_EQ(say(path, TokenId{3}), (std::vector<NextRow>{{.parent = 0, .token = TokenId{3}, .score = 0}}));
    EXPECT_EQ(path.settled().size(), 1U);
}

TEST(SingleSequence, StopsAfterAnyEndTokenAndKeepsIt) {
    for (const TokenId last : {end, TokenId{8}}) {
        SingleSequence path({.max_length = 5, .end = {end, TokenId{8}}});
        EXPECT_FALSE(say(path, TokenId{3}).empty());
        EXPECT_TRUE(say(path, last).empty());
        EXPECT_EQ(path.decoded().front().tokens, (std::vector<TokenId>{TokenId{3}, last}));
        EXPECT_EQ(path.decoded().front().score, 0);
    }
}

TEST(SingleSequence, StopsAtTheLimitWithoutAnEndToken) {
    SingleSequence path({.max_length = 3, .end = {end}});
    EXPECT_FALSE(say(path, TokenId{1}).empty());
    EXPECT_FALSE(say(path, TokenId{2}).empty());
    EXPECT_TRUE(say(path, TokenId{3}).empty());
    EXPECT_EQ(path.settled().size(), 3U);
}

TEST(SingleSequence, SaysOneTokenWhereOneIsAllowed) {
    SingleSequence path({.max_length = 1, .end = {end}});
    EXPECT_TRUE(say(path, TokenId{1}).empty());
    EXPECT_EQ(path.decoded().front().tokens, std::vector<TokenId>{TokenId{1}});
}

TEST(SingleSequence, RunsToTheLimitWhereNothingIsAnEnd) {
    SingleSequence path({.max_length = 2, .end = {}});
    EXPECT_FALSE(say(path, TokenId{0}).empty());
    EXPECT_TRUE(say(path, TokenId{0}).empty());
}

}  // namespace
}  // namespace vignette::single_sequence_test
