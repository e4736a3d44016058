#include "image/base64.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vignette {
namespace {

constexpr std::size_t no_limit = 1 * MiB;

std::string decoded(std::string_view text) {
    const auto bytes = decode_base64(text, no_limit);
    if (!bytes) return "error: " + bytes.error().message;
    return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

// Slow and obviously correct; the program has no encoder.
std::string encoded(std::string_view bytes, std::string_view last_digits) {
    const std::string digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + std::string(last_digits);
    std::string text;
    unsigned bits = 0;
    unsigned count = 0;
    for (const char c : bytes) {
        bits = bits << 8 | static_cast<std::uint8_t>(c);
        for (count += 8; count >= 6; count -= 6) text += digits[bits >> (count - 6) & 63];
    }
    if (count > 0) text += digits[bits << (6 - count) & 63];
    return text;
}

std::string refused_at(std::size_t at, const std::string& what) {
    return "error: not base64 at character " + std::to_string(at) + " (" + what +
           "); send the bytes of the file, encoded as base64 and nothing else";
}

std::string padded(std::string text) {
    while (text.size() % 4 != 0) text += '=';
    return text;
}

TEST(Base64, BothAlphabetsWithAndWithoutPaddingAtEveryLength) {
    std::string bytes;
    for (unsigned i = 0; i < 300; ++i) {
        for (const std::string_view alphabet : {"+/", "-_"}) {
            const std::string text = encoded(bytes, alphabet);
            EXPECT_EQ(decoded(text), bytes);
            EXPECT_EQ(decoded(padded(text)), bytes);
            EXPECT_EQ(decoded(padded(text) + "\n"), bytes);
        }
        bytes += static_cast<char>(i * 167 + 250);
    }
}

TEST(Base64, WhiteSpaceIsAllowedAnywhere) {
    EXPECT_EQ(decoded("Y2Fw\r\ndGlv\r\nbg==\r\n"), "caption");
    EXPECT_EQ(decoded(" Y\t2F wd\nGlvb g = = "), "caption");
    EXPECT_EQ(decoded("\n"), "");
    EXPECT_EQ(decoded(""), "");
    EXPECT_EQ(decoded(std::string_view()), "");
}

TEST(Base64, TheFirstBadCharacterIsNamed) {
    EXPECT_EQ(decoded("Y2FwdGlvbiBvZiBhI%GRvZw=="), refused_at(17, "'%'"));
    EXPECT_EQ(decoded("Y2Fw\n%%"), refused_at(5, "'%'"));
    EXPECT_EQ(decoded("data:image/png;base64,AAAA"), refused_at(4, "':'"));
    EXPECT_EQ(decoded("Y2Fw\\/"), refused_at(4, "'\\'"));
    EXPECT_EQ(decoded("AAA\xe9"), refused_at(3, "byte 0xe9"));
    EXPECT_EQ(decoded(std::string_view("A\0", 2)), refused_at(1, "byte 0x00"));
    EXPECT_EQ(decode_base64("%", no_limit).error().code, ErrorCode::bad_base64);
}

TEST(Base64, NothingFollowsThePadding) {
    EXPECT_EQ(decoded("YQ==YQ=="), refused_at(4, "'Y'"));
    EXPECT_EQ(decoded("YWI=="), refused_at(4, "'='"));
    EXPECT_EQ(decoded("YWJj="), refused_at(4, "'='"));
    EXPECT_EQ(decoded("===="), refused_at(0, "'='"));
    EXPECT_EQ(decoded("Y==="), refused_at(1, "'='"));
}

TEST(Base64, ATextCutInsideAByteIsBad) {
    const auto bytes = decode_base64("Y2Fwd", no_limit);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(bytes.error().code, ErrorCode::bad_base64);
    EXPECT_NE(bytes.error().message.find("cut short"), std::string::npos);
}

TEST(Base64, TheLimitIsOnTheDecodedSizeAndExact) {
    for (const std::string_view text :
         {"Y2FwdGlvbg==", "Y2FwdGlvbg", "Y2Fw\ndGlv\nbg==\n", "  Y2FwdGlvbg  "}) {
        EXPECT_TRUE(decode_base64(text, 7)) << text;
        const auto refused = decode_base64(text, 6);
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, ErrorCode::too_large);
        EXPECT_EQ(
            refused.error().message,
            "the base64 decodes to 7 bytes and at most 6 are allowed; send a smaller file"
        );
    }
    EXPECT_TRUE(decode_base64("", 0));
}

TEST(Base64, ABigTextOfEveryKind) {
    const std::string bytes(3 * 256 * 1024, '\xfb');  // "+/v7+/v7..."
    std::string lines;
    const std::string text = encoded(bytes, "-_");
    for (std::size_t at = 0; at < text.size(); at += 76) lines += text.substr(at, 76) + "\r\n";
    EXPECT_EQ(decoded(text), bytes);
    EXPECT_EQ(decoded(lines), bytes);
    EXPECT_EQ(decoded(text + "*"), refused_at(1048576, "'*'"));
}

}  // namespace
}  // namespace vignette
