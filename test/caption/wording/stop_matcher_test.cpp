#include "caption/wording/stop_matcher.h"

#include <gtest/gtest.h>

#include <random>

#include "text/golden_tokenizer.h"

namespace vignette {
namespace {

using Texts = std::vector<std::string>;

TEST(Stops, TheFirstInTheTextCountsNotTheFirstInTheList) {
    EXPECT_EQ(find_stop("a dog. a cat", Texts{"cat", "dog"}), 2U);
    EXPECT_EQ(find_stop("a dog", Texts{"cat"}), std::string_view::npos);
    EXPECT_EQ(find_stop("a dog", Texts{}), std::string_view::npos);
}

TEST(Stops, WhatMayBecomeOneIsTheLongestBeginningAtTheEnd) {
    EXPECT_EQ(may_become_stop("a ##", Texts{"###"}), 2U);
    EXPECT_EQ(may_become_stop("a ab", Texts{"b.", "abc"}), 2U);
    EXPECT_EQ(may_become_stop("aaa", Texts{"aaaa"}), 3U);
    EXPECT_EQ(may_become_stop("a b", Texts{"x"}), 0U);
    EXPECT_EQ(may_become_stop("", Texts{"xy"}), 0U);
}

TEST(Stops, TextBehindAPrefixIsWrittenAsItsNeighboursSay) {
    const Tokenizer& words = testing::golden_tokenizer("byte_fallback");
    const auto prefix = words.encode("a dog", false).value();
    const auto whole = words.encode("a dog runs", false).value();
    const std::span<const TokenId> said = std::span(whole).subspan(prefix.size());
    ASSERT_TRUE(std::equal(prefix.begin(), prefix.end(), whole.begin()));
    EXPECT_EQ(text_behind(words, prefix, said).value(), " runs");
    EXPECT_EQ(text_behind(words, {}, whole).value(), words.decode(whole).value());
}

// Wherever tokens are cut: the stop is seen with the token that completes it, not before.
TEST(Stops, AreSeenWithTheTokenThatCompletesThem) {
    std::mt19937 dice(5);
    for (const std::string name : {"tokenizer", "byte_fallback"}) {
        const Tokenizer& words = testing::golden_tokenizer(name);
        for (const std::string stop : {"\n", " stop", "🦩é", "o d", "END", "你"}) {
            const EndsHere ends_here = end_at_stop(words, {}, {stop});
            std::string text = "a";
            for (std::size_t i = dice() % 200; i > 0; --i) text += " cat";
            const auto tokens = words.encode(text + stop + " and more", false).value();
            for (std::size_t count = 1; count <= tokens.size(); ++count) {
                const auto said = std::span(tokens).first(count);
                const bool there = words.decode(said).value().find(stop) != std::string::npos;
                ASSERT_EQ(ends_here(said), there) << name << ": " << stop << " after " << count;
            }
            ASSERT_TRUE(ends_here(tokens));
        }
    }
}

TEST(Stops, InThePrefixDoNotCount) {
    const Tokenizer& words = testing::golden_tokenizer("tokenizer");
    const auto prefix = words.encode("a dog", false).value();
    const EndsHere ends_here = end_at_stop(words, prefix, {"dog"});
    EXPECT_FALSE(ends_here(words.encode(" cat", false).value()));
    EXPECT_TRUE(ends_here(words.encode(" dog", false).value()));
}

TEST(Stops, NoneIsNoWatch) { EXPECT_FALSE(end_at_stop(testing::golden_tokenizer("tokenizer"), {}, {})); }

}  // namespace
}  // namespace vignette
