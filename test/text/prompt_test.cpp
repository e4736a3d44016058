#include "text/prompt.h"

#include <gtest/gtest.h>

#include <array>

namespace vignette {
namespace {

TEST(FillTemplate, PutsThePromptAtTheMark) {
    EXPECT_EQ(fill_template("Question: {prompt} Answer:", "what is it?"), "Question: what is it? Answer:");
    EXPECT_EQ(fill_template("{prompt}", "a photo of"), "a photo of");
    EXPECT_EQ(fill_template("a{prompt}b", ""), "ab");
}

TEST(FillTemplate, TheClientsTextIsNoTemplate) {
    EXPECT_EQ(fill_template("[{prompt}]", "{prompt}{prompt}"), "[{prompt}{prompt}]");
}

TEST(FillTemplate, OnlyTheFirstMarkCounts) {
    EXPECT_EQ(fill_template("{prompt} {prompt}", "x"), "x {prompt}");
}

TEST(FillTemplate, WithoutAMarkItStaysAsItIs) {
    EXPECT_EQ(fill_template("a photo of", "ignored"), "a photo of");
    EXPECT_EQ(fill_template("{prompt", "x"), "{prompt");
    EXPECT_EQ(fill_template("", "x"), "");
}

TEST(FillImages, PutsWhatIsSeenAtTheMark) {
    EXPECT_EQ(fill_images("a {images}b {images}", "<i><i>"), "a <i><i>b {images}");
}

TEST(FillGroups, EachGroupSaysWhenItIsShown) {
    const std::array seconds{0.25, 0.35, 12.0, 3600.96};
    EXPECT_EQ(fill_groups("[{groups}]", "<{seconds} s>f", seconds), "[<0.2 s>f<0.3 s>f<12.0 s>f<3601.0 s>f]");
    EXPECT_EQ(fill_groups("[{groups}]", "f", seconds), "[ffff]");
    EXPECT_EQ(fill_groups("[{groups}]", "f", {}), "[]");
}

}  // namespace
}  // namespace vignette
