#include "engine/loop_guard.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "engine/reference_rules.h"

namespace vignette {
namespace {

// A token for each word; the same word is the same token.
std::vector<TokenId> words(const std::string& text) {
    std::map<std::string, int> known;
    std::vector<TokenId> tokens;
    std::istringstream stream(text);
    for (std::string word; stream >> word;)
        tokens.push_back(TokenId{known.emplace(word, static_cast<int>(known.size())).first->second});
    return tokens;
}

std::string times(int count, const std::string& text) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text + " ";
    return all;
}

TEST(LoopGuard, LetsOrdinaryCaptionsPass) {
    const std::vector<std::string> captions{
        "a red circle and a red square and a red star",
        "a man and a woman and a child and a dog and a cat and a bird and a fish in a park",
        "no , no , no , no said the man",
        "a very very very very very very very very old house",
        "red , green , red , green , red , green on the flag of a country",
        "1 , 0 0 0 , 0 0 0 , 0 0 0 people live there",
        "a row of houses , a row of trees , a row of cars , and a row of people",
        "the sign says stop stop stop stop , and a second sign says stop stop stop stop",
        "ha ha ha ha ha ha ha ha ha ha ha ha ha ha ha",  // fifteen
    };
    for (const std::string& caption : captions) {
        const std::vector<TokenId> tokens = words(caption);
        for (std::size_t said = 1; said <= tokens.size(); ++said)
            EXPECT_EQ(length_without_loop(std::span(tokens).first(said)), std::nullopt) << caption;
    }
}

TEST(LoopGuard, KeepsTheBlockOnceWithWhatStoodBeforeIt) {
    EXPECT_EQ(length_without_loop(words("so : " + times(16, "ha"))), 3U);
    EXPECT_EQ(length_without_loop(words("so : " + times(4, "it is red ."))), 6U);
    EXPECT_EQ(length_without_loop(words("so : " + times(5, "a b c d e f"))), 8U);
    EXPECT_EQ(length_without_loop(words(times(8, "ha ,"))), 2U);
}

TEST(LoopGuard, SeesALoopWithTheTokenThatCompletesItAndNotBefore) {
    const std::vector<TokenId> looping = words("a picture of " + times(4, "a dog on a red sofa ,"));
    for (std::size_t said = 1; said < looping.size(); ++said)
        EXPECT_EQ(length_without_loop(std::span(looping).first(said)), std::nullopt) << said;
    EXPECT_EQ(length_without_loop(looping), 10U);
}

TEST(LoopGuard, KnowsBlocksOfUpTo32Tokens) {
    for (const int length : {32, 33}) {
        std::string block;
        for (int i = 0; i < length; ++i) block += std::to_string(i) + " ";
        EXPECT_EQ(length_without_loop(words(times(4, block))).has_value(), length == 32) << length;
    }
}

// A listener may hear all but the repeating tail: nothing that was heard is ever cut.
TEST(LoopGuard, WhatDoesNotRepeatIsNeverCut) {
    std::mt19937 random(5);
    int loops = 0;
    for (int round = 0; round < 1000; ++round) {
        std::vector<TokenId> said;
        std::vector<TokenId> block(random() % 32 + 1);
        for (TokenId& one : block) one = TokenId{static_cast<int>(random() % (round % 2 == 0 ? 3 : 30))};
        const auto slip = static_cast<unsigned>(round % 100 + 2);  // how often it says something else
        std::size_t heard = 0;
        for (std::size_t i = 0; i < 160; ++i) {
            const bool other = random() % slip == 0;
            said.push_back(other ? TokenId{static_cast<int>(random() % 30)} : block[i % block.size()]);
            const std::optional<std::size_t> kept = length_without_loop(said);
            const std::size_t again = reference_loop(said);
            ASSERT_EQ(kept.value_or(said.size()), said.size() - again);
            if (kept) {
                ++loops;
                ASSERT_LE(heard, *kept);
                break;
            }
            heard = std::max(heard, said.size() - repeating_tail(said));
        }
    }
    EXPECT_GT(loops, 100);
    EXPECT_LT(loops, 900);
}

TEST(LoopGuard, WhatSaysNothingTwiceHasNoRepeatingTail) {
    EXPECT_EQ(repeating_tail(words("one two three")), 0U);
    EXPECT_EQ(repeating_tail(words("one two one two")), 2U);
    EXPECT_EQ(repeating_tail(words("one two one two three")), 0U);
    EXPECT_EQ(repeating_tail({}), 0U);
}

}  // namespace
}  // namespace vignette
