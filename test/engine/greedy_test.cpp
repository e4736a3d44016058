#include "engine/greedy.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

constexpr TokenId end{9};

std::vector<NextRow> say(Greedy& greedy, TokenId token) {
    const Candidate chosen{.row = 0, .token = token, .score = 0};
    return greedy.advance({&chosen, 1});
}

TEST(Greedy, ContinuesItsOneRowWithTheTokenItWasGiven) {
    Greedy greedy({.max_length = 5, .end = {end}});
    EXPECT_EQ(greedy.candidates(), 1);
    EXPECT_EQ(
        say(greedy, TokenId{3}), (std::vector<NextRow>{{.parent = 0, .token = TokenId{3}, .score = 0}})
    );
    EXPECT_EQ(greedy.length(), 1);
}

TEST(Greedy, StopsAfterAnyEndTokenAndKeepsIt) {
    for (const TokenId last : {end, TokenId{8}}) {
        Greedy greedy({.max_length = 5, .end = {end, TokenId{8}}});
        EXPECT_FALSE(say(greedy, TokenId{3}).empty());
        EXPECT_TRUE(say(greedy, last).empty());
        EXPECT_EQ(greedy.best().tokens, (std::vector<TokenId>{TokenId{3}, last}));
        EXPECT_EQ(greedy.best().score, 0);
    }
}

TEST(Greedy, StopsAtTheLimitWithoutAnEndToken) {
    Greedy greedy({.max_length = 3, .end = {end}});
    EXPECT_FALSE(say(greedy, TokenId{1}).empty());
    EXPECT_FALSE(say(greedy, TokenId{2}).empty());
    EXPECT_TRUE(say(greedy, TokenId{3}).empty());
    EXPECT_EQ(greedy.length(), 3);
}

TEST(Greedy, SaysOneTokenWhereOneIsAllowed) {
    Greedy greedy({.max_length = 1, .end = {end}});
    EXPECT_TRUE(say(greedy, TokenId{1}).empty());
    EXPECT_EQ(greedy.best().tokens, std::vector<TokenId>{TokenId{1}});
}

TEST(Greedy, RunsToTheLimitWhereNothingIsAnEnd) {
    Greedy greedy({.max_length = 2, .end = {}});
    EXPECT_FALSE(say(greedy, TokenId{0}).empty());
    EXPECT_TRUE(say(greedy, TokenId{0}).empty());
}

}  // namespace
}  // namespace vignette
