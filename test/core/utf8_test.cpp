#include "core/utf8.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace vignette {
namespace {

constexpr const char* bad = "\xEF\xBF\xBD";

TEST(Utf8, WholeTextStaysAsItIs) {
    const std::string text =
        "a\x7F \xC2\x80 \xC3\xA9 \xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF";
    EXPECT_EQ(valid_utf8(text), text);
    EXPECT_EQ(valid_utf8(""), "");
}

TEST(Utf8, InvalidBytesAreReplacedOneByOne) {
    EXPECT_EQ(valid_utf8("a\xFFz"), std::string("a") + bad + "z");
    EXPECT_EQ(valid_utf8("\xC3"), bad);                                             // cut off
    EXPECT_EQ(valid_utf8("\xC0\x80"), std::string(bad) + bad);                      // overlong
    EXPECT_EQ(valid_utf8("\xE0\x9F\xBF"), std::string(bad) + bad + bad);            // overlong
    EXPECT_EQ(valid_utf8("\xED\xA0\x80"), std::string(bad) + bad + bad);            // a surrogate
    EXPECT_EQ(valid_utf8("\xF4\x90\x80\x80"), std::string(bad) + bad + bad + bad);  // beyond Unicode
    EXPECT_EQ(valid_utf8("\xE2\x82g"), std::string(bad) + bad + "g");
}

TEST(Utf8, WhateverComesInValidTextComesOut) {
    std::mt19937 dice(7);
    for (int round = 0; round < 3000; ++round) {
        std::string text;
        for (std::size_t i = dice() % 12; i > 0; --i) text += static_cast<char>(dice() % 256);
        const std::string told = nlohmann::json(valid_utf8(text)).dump();  // throws on bad UTF-8
        EXPECT_FALSE(told.empty());
    }
}

}  // namespace
}  // namespace vignette
