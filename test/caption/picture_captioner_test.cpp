#include "caption/picture_captioner.h"

#include <gtest/gtest.h>

#include <future>

#include "caption/captioner_fixture.h"

namespace vignette {
namespace {

using PictureCaptionerTest = CaptionerFixture;

TEST_F(PictureCaptionerTest, ThePlaceholdersOfThePictureStandBeforeTheWords) {
    ASSERT_TRUE(caption({.prompt = "a cat"}).has_value());
    std::vector<TokenId> expected(2, TokenId{0});
    const auto words = tokenizer().encode("a cat").value();
    expected.insert(expected.end(), words.begin(), words.end());
    EXPECT_EQ(model_.heard, expected);
}

TEST_F(PictureCaptionerTest, TheAnswerTellsWhatWasReallyUsed) {
    const auto made = caption({.max_length = 99});
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_EQ(made->tokens, std::vector<TokenId>(10, word("two")));
    EXPECT_EQ(made->finish, FinishReason::length);
    EXPECT_EQ(made->model.max_length, 10);
    EXPECT_EQ(made->model.prompt, "a photo of");
    EXPECT_EQ(made->model.device, "nowhere");
    EXPECT_EQ(made->images.at(0).format, ImageFormat::png);
    EXPECT_EQ(made->images.at(0).size, (Size{192, 192}));
    ASSERT_EQ(made->warnings.size(), 2U);
    EXPECT_EQ(made->warnings[0].field, "input.promt");
    EXPECT_EQ(made->warnings[1].field, "input.max_length");
}

TEST_F(PictureCaptionerTest, AnEndTokenIsAStop) {
    model_.says = {word("cat")};
    const auto made = caption();
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->tokens.size(), 1U);
    EXPECT_EQ(made->finish, FinishReason::stop);
}

TEST_F(PictureCaptionerTest, ABadPictureNamesItsField) {
    Bytes cut = picture();
    cut.resize(cut.size() / 2);
    const auto made = caption({}, cut);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::truncated_image);
    EXPECT_EQ(made.error().field, "input.image");
}

TEST_F(PictureCaptionerTest, APromptCannotSmuggleInThePlaceholder) {
    bundle_.text.image_token = word("cat");
    const auto made = caption({.prompt = "cat"});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(made.error().field, "input.prompt");
}

TEST_F(PictureCaptionerTest, APromptThatLeavesNoRoomForACaptionIsRefused) {
    std::string prompt;
    for (int i = 0; i < 100; ++i) prompt += "cat ";
    const auto made = caption({.prompt = prompt});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::prompt_too_long);
}

TEST_F(PictureCaptionerTest, AsManyPicturesAtOnceAsTheirBeamsFindSlotsButAlwaysOne) {
    model_.slots = 7;
    for (const auto& [beams, pictures] : {std::pair(1, 7), {2, 3}, {7, 1}, {8, 1}}) {
        bundle_.generation.num_beams = beams;
        const WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
        EXPECT_EQ(captioner.pictures_at_once(), pictures) << beams << " beams";
    }
}

TEST_F(PictureCaptionerTest, AStoppedJobIsNotEvenLookedAt) {
    bool preprocessed = false;
    model_.on_preprocess = [&] { preprocessed = true; };
    WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
    std::stop_source stop;
    stop.request_stop();
    Job bad = job_of();
    bad.pictures.front().source = Base64Picture{.text = SharedText("not base64!")};
    for (Job& job : std::vector<Job>{job_of(), job_of({}, Bytes(100)), bad}) {
        const auto made = captioner.caption(std::move(job), stop.get_token(), {});
        ASSERT_FALSE(made.has_value());
        EXPECT_EQ(made.error().code, ErrorCode::cancelled);
    }
    EXPECT_FALSE(preprocessed);
}

TEST_F(PictureCaptionerTest, AJobThatIsStoppedWhileItsPictureIsPreparedNeverReachesTheModel) {
    std::stop_source stop;
    model_.on_preprocess = [&] { stop.request_stop(); };
    WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
    const auto made = captioner.caption(job_of(), stop.get_token(), {});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::cancelled);
    EXPECT_TRUE(model_.heard.empty());
}

TEST_F(PictureCaptionerTest, SixteenJobsOfSixteenSamplesAllWaitForTheirTurn) {
    Script script;
    script.shape = {.slots = 2, .positions = 64, .vocabulary = 400};
    ScriptedModel model(std::move(script));
    WholeCaptioner captioner(bundle_, tokenizer(), model, Limits{});
    std::vector<std::future<Result<Caption>>> jobs;
    for (int i = 0; i < 16; ++i) {
        jobs.push_back(std::async(std::launch::async, [&] {
            return captioner.caption(job_of({.max_length = 1, .n = 16, .temperature = 1}), {}, {});
        }));
    }
    for (std::future<Result<Caption>>& job : jobs) {
        const Result<Caption> made = job.get();
        ASSERT_TRUE(made) << made.error().message;
        EXPECT_EQ(made->alternatives.size(), 16U);
    }
}

TEST_F(PictureCaptionerTest, FewerSlotsThanBeamsMakeFewerBeams) {
    bundle_.generation.num_beams = 5;
    bundle_.generation.num_beams_limit = 8;
    model_.slots = 2;
    const auto usual = caption();
    ASSERT_TRUE(usual.has_value()) << usual.error().message;
    EXPECT_EQ(usual->model.num_beams, 2);
    const auto asked = caption({.num_beams = 4});
    ASSERT_TRUE(asked.has_value()) << asked.error().message;
    EXPECT_EQ(asked->model.num_beams, 2);
    EXPECT_EQ(asked->warnings.back().field, "input.num_beams");
}

}  // namespace
}  // namespace vignette
