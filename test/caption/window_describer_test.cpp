#include "caption/window_describer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "film/film_fixtures.h"

namespace vignette {
namespace {

// Four frames of 64x48, 0.48 s apart.
class WindowDescriberTest : public ::testing::Test {
protected:
    Result<FilmInfo> describe(FrameOptions options, CaptionOptions words = {}) {
        return describe(std::move(options), std::move(words), fixtures::film("h264.mp4"));
    }

    Result<FilmInfo> describe(FrameOptions options, CaptionOptions words, Bytes bytes) {
        Film film;
        film.source = {.field = "input.video", .source = EncodedPicture{std::move(bytes)}};
        film.options = std::move(options);
        film.frame_job.id = {"job"};
        film.frame_job.options = std::move(words);
        return describe_windows(
            std::move(film), {.limits = limits_, .reader = reader_, .frames_at_once = 4},
            [this](Job job, FrameSeries series, const std::stop_token&) { return answer(job, series); },
            stop_.get_token(), [this](FilmFrame window) { heard_.push_back(std::move(window)); }
        );
    }

    // Counts the frames; what was asked is kept.
    Result<Caption> answer(const Job& job, const FrameSeries& series) {
        const std::lock_guard lock(mutex_);
        most_bytes_ = std::max(most_bytes_, series.images.size() * series.images.front().rgb.size());
        if (job.options.prompt.value_or("").starts_with("These are")) {
            asked_.push_back(job.options);
            overview_ = series.times;
            if (summary_fails_with_) return fail(*summary_fails_with_, "no room");
        }
        if (series.times.front() > 0.7 && series.times.front() < 1 && first_fails_)
            return fail(ErrorCode::model_failed, "it failed");
        Caption made;
        made.text = std::to_string(series.images.size()) + " frames";
        return made;
    }

    std::string said() const {
        std::string all;
        for (const FilmFrame& window : heard_)
            all += (window.outcome ? *window.outcome->text : std::string("failed")) + ", ";
        return all;
    }

    static std::string warned(const FilmInfo& info) {
        std::string fields;
        for (const Warning& one : info.warnings) fields += one.field + " ";
        return fields;
    }

    Limits limits_;
    PictureReader reader_{nullptr, nullptr, limits_};
    std::stop_source stop_;
    std::vector<FilmFrame> heard_;
    std::mutex mutex_;
    std::size_t most_bytes_ = 0;         // of frames in one prompt
    std::vector<CaptionOptions> asked_;  // about all
    std::vector<double> overview_;
    std::optional<ErrorCode> summary_fails_with_;
    bool first_fails_ = false;
};

TEST_F(WindowDescriberTest, EachWindowHasItsAnswerAndThenTheWholeFilm) {
    const FilmInfo info = describe({.fps = 8, .window = 0.9}).value();
    EXPECT_EQ(said(), "2 frames, 2 frames, ");
    ASSERT_EQ(heard_.size(), 2U);
    EXPECT_EQ(heard_[0].timestamp, 0);
    EXPECT_NEAR(heard_[1].timestamp.value(), 0.96, 1e-6);
    EXPECT_EQ(heard_[1].index, 1U);
    ASSERT_TRUE(info.summary.has_value());
    EXPECT_EQ(info.summary->text, "2 frames") << "the first of each window";
    ASSERT_EQ(asked_.size(), 1U);
    const std::string prompt = asked_[0].prompt.value();
    EXPECT_NE(prompt.find("0:00 2 frames\n0:00 2 frames\n"), std::string::npos) << prompt;
    EXPECT_TRUE(prompt.ends_with("Describe this video in one sentence.")) << prompt;
    EXPECT_EQ(overview_.size(), 2U);
    EXPECT_EQ(info.codec, "h264");
    EXPECT_EQ(warned(info), "");
}

TEST_F(WindowDescriberTest, OfAFilmThatFitsIntoOneWindowItsAnswerSaysAll) {
    const FilmInfo info = describe({.fps = 8, .window = 60}).value();
    EXPECT_EQ(said(), "4 frames, ");
    EXPECT_FALSE(info.summary.has_value());
}

TEST_F(WindowDescriberTest, TheQuestionIsTheClientsOrItsPresets) {
    ASSERT_TRUE(describe({.fps = 8, .window = 0.5}, {.prompt = "What moves?"}).has_value());
    ASSERT_TRUE(describe({.fps = 8, .window = 0.5}, {.preset = Preset::tags}).has_value());
    ASSERT_EQ(asked_.size(), 2U);
    EXPECT_TRUE(asked_[0].prompt->ends_with("as a whole: What moves?"));
    EXPECT_NE(asked_[1].prompt->find("in this video as short tags"), std::string::npos);
    EXPECT_EQ(asked_[1].preset, Preset::tags) << "and its answer is in that form";
}

TEST_F(WindowDescriberTest, FramesAreSpreadOverAWindowThatHasTooMany) {
    const FilmInfo info = describe({.fps = 25, .max_frames = 1, .window = 0.9}).value();
    EXPECT_EQ(said(), "1 frames, 1 frames, ");
    EXPECT_EQ(warned(info), "input.fps ");
}

TEST_F(WindowDescriberTest, AWindowThatFailsLeavesTheOthersAndTheSummary) {
    first_fails_ = true;
    const FilmInfo info = describe({.fps = 8, .window = 0.45}).value();
    EXPECT_EQ(said(), "1 frames, 1 frames, failed, 1 frames, ");
    EXPECT_TRUE(info.summary.has_value());
}

TEST_F(WindowDescriberTest, WhereThereIsNoRoomForASummaryTheClientIsTold) {
    summary_fails_with_ = ErrorCode::prompt_too_long;
    const FilmInfo info = describe({.fps = 8, .window = 0.45}).value();
    EXPECT_FALSE(info.summary.has_value());
    EXPECT_GT(asked_.size(), 2U) << "with ever fewer words";
    EXPECT_EQ(warned(info), "input.window ");
}

TEST_F(WindowDescriberTest, WindowsAreBounded) {
    limits_.frames_max = 2;
    const FilmInfo info = describe({.fps = 8, .window = 0.45}).value();
    EXPECT_EQ(said(), "1 frames, 1 frames, ");
    EXPECT_EQ(warned(info), "input.window ");
    limits_.frames_max = 4;
    EXPECT_EQ(warned(describe({.fps = 8, .window = 0.45}).value()), "") << "as many as it has";
}

TEST_F(WindowDescriberTest, OfAFilmThatIsCutOffTheWindowsBeforeThatStand) {
    Bytes bytes = fixtures::film("h264-fragments.mp4");
    const auto last = std::ranges::find_end(bytes, fixtures::bytes_of("mdat"));
    bytes.resize(static_cast<std::size_t>(last.begin() - bytes.begin()) + 8);
    const auto info = describe({.fps = 8, .window = 0.45}, {}, std::move(bytes));
    ASSERT_FALSE(info.has_value());
    EXPECT_EQ(info.error().code, ErrorCode::truncated_image);
    EXPECT_FALSE(heard_.empty());
}

TEST_F(WindowDescriberTest, AStopEndsIt) {
    stop_.request_stop();
    const auto info = describe({.fps = 8, .window = 0.45});
    ASSERT_FALSE(info.has_value());
    EXPECT_EQ(info.error().code, ErrorCode::cancelled);
    EXPECT_TRUE(heard_.empty());
}

// Else a film that begins small could hold as many large ones, which were not charged to it.
TEST_F(WindowDescriberTest, FramesThatGrowFillAWindowSooner) {
    const FilmInfo info = describe({.fps = 25, .window = 60}, {}, fixtures::film("grows.avi")).value();
    EXPECT_EQ(info.size, (Size{16, 16}));
    EXPECT_EQ(said(), "1 frames, 1 frames, ") << "of four large ones";
    EXPECT_EQ(most_bytes_, 160U * 120 * 3);
}

}  // namespace
}  // namespace vignette
