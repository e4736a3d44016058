#include "text/prompt.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace vignette
