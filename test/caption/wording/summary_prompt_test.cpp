#include "caption/wording/summary_prompt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vignette {
namespace {

TEST(SummaryPrompt, EachPartHasItsTimeAndItsLine) {
    const std::vector<ToldPart> parts{{0, "A dog\n runs."}, {65.5, "It  sleeps. "}, {3661, "It eats."}};
    EXPECT_EQ(
        summary_prompt(parts, "What does the dog do?", 6000),
        "These are descriptions of the parts of a video, in their order:\n"
        "0:00 A dog runs.\n"
        "1:05 It sleeps. \n"
        "1:01:01 It eats.\n"
        "\n"
        "With them in mind, and the frames that you see of it, answer about the video as a whole: "
        "What does the dog do?"
    );
}

TEST(SummaryPrompt, LongDescriptionsAreCutBehindAWord) {
    std::string long_one;
    for (int i = 0; i < 300; ++i) long_one += "word ";
    const std::vector<ToldPart> parts(4, ToldPart{0, long_one});
    const std::string prompt = summary_prompt(parts, "What?", 800);
    EXPECT_LE(prompt.size(), 820U);
    EXPECT_GT(prompt.size(), 600U) << "the room is used";
    EXPECT_EQ(std::ranges::count(prompt, '\n'), 6);
    EXPECT_NE(prompt.find("word ...\n"), std::string::npos);
}

TEST(SummaryPrompt, ACharacterIsNeverCut) {
    std::string umlauts;
    for (int i = 0; i < 300; ++i) umlauts += "\xc3\xa4";
    const std::vector<ToldPart> parts(2, ToldPart{0, umlauts});
    for (std::size_t bytes = 400; bytes < 420; ++bytes) {
        const std::string prompt = summary_prompt(parts, "?", bytes);
        const std::size_t end = prompt.find(" ...");
        ASSERT_NE(end, std::string::npos);
        EXPECT_EQ(prompt[end - 1], '\xa4');
    }
}

TEST(SummaryPrompt, OfTooManyPartsEveryFewthIsTold) {
    const std::vector<ToldPart> parts(1000, ToldPart{0, std::string(200, 'x')});
    const std::string prompt = summary_prompt(parts, "What?", 2000);
    EXPECT_LE(prompt.size(), 2100U);
    EXPECT_GT(std::ranges::count(prompt, '\n'), 20);
}

TEST(SummaryPrompt, AQuestionThatTakesAllTheRoomLeavesOneLine) {
    const std::vector<ToldPart> parts(10, ToldPart{0, "A dog runs."});
    const std::string prompt = summary_prompt(parts, std::string(900, 'q'), 100);
    EXPECT_EQ(std::ranges::count(prompt, '\n'), 3);
}

}  // namespace
}  // namespace vignette
