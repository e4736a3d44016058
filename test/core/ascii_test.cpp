#include "core/ascii.h"

#include <gtest/gtest.h>

#include "core/hex.h"
#include "core/percent.h"

namespace vignette {
namespace {

TEST(Ascii, OnlyLettersOfAsciiChangeTheirCase) {
    EXPECT_EQ(ascii_lower("AZ@[az \xC3\x84"), "az@[az \xC3\x84");
    EXPECT_FALSE(
        is_ascii_letter('@') || is_ascii_letter('[') || is_ascii_letter('`') || is_ascii_letter('{')
    );
    EXPECT_TRUE(is_ascii_alphanumeric('0') && is_ascii_alphanumeric('9') && is_ascii_alphanumeric('z'));
}

TEST(Hex, EveryByteHasTwoDigits) {
    EXPECT_EQ(to_hex(std::string_view("\x00\x0F\xFF", 3)), "000fff");
    EXPECT_TRUE(is_sha256(std::string(64, 'a')));
    EXPECT_FALSE(
        is_sha256(std::string(64, 'A')) || is_sha256(std::string(63, 'a')) || is_sha256(std::string(64, 'g'))
    );
}

TEST(Hex, ReadsWhatItWrites) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    EXPECT_EQ(from_hex(to_hex(all)), all);
    EXPECT_EQ(from_hex(""), "");
}

TEST(Hex, ReadsNothingElse) {
    for (const char* text : {"0", "000", "0g", "g0", "0F", "+1", " 1", "0x"})
        EXPECT_EQ(from_hex(text), std::nullopt) << text;
}

TEST(Percent, WhatIsNotUnreservedIsEncodedAndComesBack) {
    EXPECT_EQ(percent_encode("a-b_c.d~e/\xC3\xA4 %"), "a-b_c.d~e%2F%C3%A4%20%25");
    EXPECT_EQ(percent_decode(percent_encode("a/\xFF %41")), "a/\xFF %41");
    for (const std::string_view bad : {"%", "%4", "%zz", "%-1", "%00", "a%4"})
        EXPECT_FALSE(percent_decode(bad)) << bad;
}

}  // namespace
}  // namespace vignette
