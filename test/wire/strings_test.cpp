#include "wire/strings.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace vignette {
namespace {

constexpr std::array<std::string_view, 4> names{"data_url", "image", "prompt", "max_length"};

TEST(Words, ASwapAnInsertADeleteAndAReplaceAreOneEditEach) {
    EXPECT_EQ(edit_distance("prompt", "prompt"), 0U);
    EXPECT_EQ(edit_distance("porompt", "prompt"), 1U);
    EXPECT_EQ(edit_distance("rpompt", "prompt"), 1U);
    EXPECT_EQ(edit_distance("promt", "prompt"), 1U);
    EXPECT_EQ(edit_distance("prompd", "prompt"), 1U);
    EXPECT_EQ(edit_distance("", "prompt"), 6U);
    EXPECT_EQ(edit_distance("prompt", ""), 6U);
}

TEST(Words, TheNearestNameIsSuggestedWhateverItsCase) {
    EXPECT_EQ(nearest("promt", names), "prompt");
    EXPECT_EQ(nearest("dataUrl", names), "data_url");
    EXPECT_EQ(nearest("MAXLENGTH", names), "max_length");
    EXPECT_EQ(nearest("imgae", names), "image");
}

TEST(Words, NothingIsSuggestedWhenNothingIsNear) {
    EXPECT_EQ(nearest("webhook", names), "");
    EXPECT_EQ(nearest("", names), "");
    EXPECT_EQ(nearest(std::string(65, 'p'), names), "");
}

TEST(Words, ShownTextIsPrintableAndAtMost64Bytes) {
    EXPECT_EQ(shown("plain"), "plain");
    EXPECT_EQ(shown(std::string("a\0\n\x1b\x7f", 5)), "a????");
    EXPECT_EQ(shown("\xC2\x9B 2J"), "?? 2J");  // the terminal control sequence of C1
    EXPECT_EQ(shown("\xC2\xA9"), "\xC2\xA9");
    EXPECT_EQ(shown(std::string(64, 'k')), std::string(64, 'k'));
    EXPECT_EQ(shown(std::string(65, 'k')), std::string(61, 'k') + "...");
}

TEST(Words, ACharacterIsNotCutInTwo) {
    std::string euros;
    for (int i = 0; i < 30; ++i) euros += "\xE2\x82\xAC";
    EXPECT_EQ(shown(euros), euros.substr(0, 60) + "...");
}

}  // namespace
}  // namespace vignette
