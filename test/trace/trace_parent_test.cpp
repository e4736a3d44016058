#include "trace/trace_parent.h"

#include <gtest/gtest.h>

#include <random>
#include <regex>
#include <string>

#include "core/hex.h"
#include "trace/sampler.h"

namespace vignette {
namespace {

constexpr const char* trace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr const char* span = "00f067aa0ba902b7";
const std::string good = std::string("00-") + trace + "-" + span + "-01";

TEST(TraceParentHeader, SaysWhatARequestIsAPartOf) {
    EXPECT_EQ(read_trace_parent(good), (TraceParent{trace, span, true}));
    EXPECT_FALSE(read_trace_parent(good.substr(0, 53) + "00")->sampled);
    EXPECT_FALSE(read_trace_parent(good.substr(0, 53) + "02")->sampled);
    EXPECT_TRUE(read_trace_parent(good.substr(0, 53) + "ff")->sampled);
}

TEST(TraceParentHeader, MayBeOfALaterVersion) {
    EXPECT_TRUE(read_trace_parent("cc" + good.substr(2)));
    EXPECT_TRUE(read_trace_parent("cc" + good.substr(2) + "-what-comes"));
    EXPECT_FALSE(read_trace_parent("cc" + good.substr(2) + "what-comes"));
    EXPECT_FALSE(read_trace_parent("ff" + good.substr(2)));
}

TEST(TraceParentHeader, IsNoneIfOneByteIsWrong) {
    const std::string zeros = std::string("00-") + std::string(32, '0') + "-" + span + "-01";
    const std::string no_span = std::string("00-") + trace + "-" + std::string(16, '0') + "-01";
    for (const std::string& text :
         {std::string(), good.substr(1), good.substr(0, 54), good + "-", good + "-00", good + "0", zeros,
          no_span, " " + good, good + " ", good + "," + good})
        EXPECT_FALSE(read_trace_parent(text)) << text;
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (const char other : {'g', 'A', ' ', '_', '\0', '\xff'}) {
            std::string text = good;
            text[at] = other;
            EXPECT_FALSE(read_trace_parent(text)) << at << " " << text;
        }
    }
}

TEST(TraceParentHeader, IsReadAsTheSpecificationsGrammarHasItWhateverComes) {
    const std::regex grammar("(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");
    std::mt19937 numbers(7);
    const auto any = [&](std::size_t below) {
        return std::uniform_int_distribution<std::size_t>(0, below - 1)(numbers);
    };
    const std::string letters = "0f-aF g";
    int read = 0;
    for (int i = 0; i < 5'000; ++i) {
        std::string text = good;
        for (std::size_t changes = any(3); changes > 0; --changes) {
            const bool byte = any(4) == 0;
            text[any(text.size())] = byte ? static_cast<char>(any(256)) : letters[any(letters.size())];
        }
        if (any(8) == 0) text.resize(any(2 * good.size()), 'a');
        const std::string_view core = std::string_view(text).substr(0, good.size());
        const bool longer = text.size() > good.size() && (text.starts_with("00") || text[good.size()] != '-');
        const bool expected = std::regex_match(core.begin(), core.end(), grammar) && !longer;
        ASSERT_EQ(read_trace_parent(text).has_value(), expected) << text;
        read += expected ? 1 : 0;
    }
    EXPECT_GT(read, 1'500);
    EXPECT_LT(read, 4'750);
}

TEST(TraceState, IsPassedOnAsItCame) {
    for (const char* text :
         {"rojo=00f067aa0ba902b7", "rojo=1,congo=t61rcWkgMzE", "a=1 , b=2", "a=1,,b=2", "a@b=c=d"})
        EXPECT_EQ(read_trace_state(text), text);
    EXPECT_EQ(read_trace_state("  a=1 "), "a=1");
}

TEST(TraceState, IsDroppedIfItIsNoneOrTooLong) {
    std::string many;
    for (int i = 0; i < 33; ++i) many += "a" + std::to_string(i) + "=1,";
    for (const std::string& text :
         {std::string("a"), std::string("=1"), std::string("a="), std::string("a=1,b"), std::string("a=\n"),
          std::string("a=\xc3\xa9"), many, "a=" + std::string(511, 'x')})
        EXPECT_EQ(read_trace_state(text), "") << text;
}

TEST(Sampling, FollowsTheCallerOnlyIfItIsToldTo) {
    const TraceParent yes{trace, span, true}, no{trace, span, false};
    EXPECT_TRUE(is_sampled({.ratio = 0}, trace, yes));
    EXPECT_FALSE(is_sampled({.ratio = 1}, trace, no));
    EXPECT_FALSE(is_sampled({.ratio = 0, .asks_parent = false}, trace, yes));
    EXPECT_TRUE(is_sampled({.ratio = 1, .asks_parent = false}, trace, no));
    EXPECT_FALSE(is_sampled({.ratio = 0}, trace, std::nullopt));
}

TEST(Sampling, TakesAboutAsManyTracesAsTheRatioSays) {
    std::mt19937_64 numbers(7);
    int taken = 0;
    for (int i = 0; i < 10'000; ++i) {
        std::string bytes;
        for (int byte = 0; byte < 16; ++byte) bytes += static_cast<char>(numbers());
        taken += is_sampled({.ratio = 0.25}, to_hex(bytes), std::nullopt) ? 1 : 0;
    }
    EXPECT_NEAR(taken, 2'500, 250);
}

}  // namespace
}  // namespace vignette
