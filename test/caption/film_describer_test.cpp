#include "caption/film_describer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "film/film_fixtures.h"

namespace vignette {
namespace {

// Says "red" or "blue", whichever the middle of the frame is.
Result<Caption> colour(Job, DecodedImage frame, const std::stop_token&) {
    const Image& image = frame.image;
    const std::size_t middle =
        static_cast<std::size_t>(image.size.height / 2 * image.size.width + image.size.width / 2) * 3;
    Caption made;
    made.text = image.rgb[middle] > image.rgb[middle + 2] ? "red" : "blue";
    return made;
}

class ScriptedFetcher final : public Fetcher {
public:
    Result<Bytes> fetch(const FetchRequest& request, std::stop_token) override {
        asked = request;
        return fixtures::film("h264.mp4");
    }
    FetchRequest asked;
};

class FilmDescriberTest : public ::testing::Test {
protected:
    // Four frames, 0.48 s apart: two red, two blue.
    Film film(FrameOptions options, std::string_view file = "h264.mp4") {
        Film film;
        film.source = {.field = "input.video", .source = EncodedPicture{fixtures::film(file)}};
        film.options = std::move(options);
        film.frame_job.id = {"job"};
        return film;
    }

    Result<FilmInfo> describe(Film film, const AnswerFrame& answer = colour, std::stop_token stop = {}) {
        return describe_film(
            std::move(film), {.limits = limits_, .reader = reader_, .frames_at_once = at_once_}, answer, stop,
            [&](FilmFrame frame) { heard_.push_back(std::move(frame)); }
        );
    }

    std::string said() const {
        std::string all;
        for (const FilmFrame& frame : heard_) {
            all += frame.same_as ? "(" : "";
            all += frame.outcome ? *frame.outcome->text : std::string("failed");
            all += frame.same_as ? ") " : " ";
        }
        return all;
    }

    Limits limits_;
    ScriptedFetcher fetcher_;
    PictureReader reader_{&fetcher_, nullptr, limits_};
    int at_once_ = 4;
    std::vector<FilmFrame> heard_;
};

TEST_F(FilmDescriberTest, FramesComeInTheFilmsOrderWithTheirTimes) {
    const auto info = describe(film({.fps = 25, .keep_duplicates = true}));
    ASSERT_TRUE(info.has_value()) << info.error().message;
    EXPECT_EQ(said(), "red red blue blue ");
    for (std::size_t i = 0; i < heard_.size(); ++i) {
        EXPECT_EQ(heard_[i].index, i);
        EXPECT_NEAR(heard_[i].timestamp.value(), 0.48 * static_cast<double>(i), 1e-6);
    }
    EXPECT_EQ(info->codec, "h264");
    EXPECT_EQ(info->size, (Size{64, 48}));
    EXPECT_TRUE(info->warnings.empty());
}

TEST_F(FilmDescriberTest, FramesThatLookAlikeAreDescribedOnce) {
    std::atomic<int> calls = 0;
    const auto counted = [&](Job job, DecodedImage frame, const std::stop_token& stop) {
        ++calls;
        return colour(std::move(job), std::move(frame), stop);
    };
    ASSERT_TRUE(describe(film({.fps = 25}), counted).has_value());
    EXPECT_EQ(said(), "red (red) blue (blue) ");
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(heard_[1].same_as, 0U);
    EXPECT_EQ(heard_[3].same_as, 2U);
}

TEST_F(FilmDescriberTest, AFailedFrameDoesNotAffectTheOthers) {
    const auto failing = [](Job job, DecodedImage frame, const std::stop_token& stop) -> Result<Caption> {
        Caption made = TRY(colour(std::move(job), std::move(frame), stop));
        if (made.text == "red") return fail(ErrorCode::model_failed, "it failed");
        return made;
    };
    ASSERT_TRUE(describe(film({.fps = 25, .keep_duplicates = true}), failing).has_value());
    EXPECT_EQ(said(), "failed failed blue blue ");
}

TEST_F(FilmDescriberTest, TimesAfterTheEndFailInTheirOwnPlace) {
    ASSERT_TRUE(describe(film({.timestamps = {0, 0.1, 1.0, 50}})).has_value());
    EXPECT_EQ(said(), "red (red) blue failed ");
    EXPECT_EQ(heard_[3].outcome.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(heard_[3].outcome.error().field, "input.timestamps[3]");
    EXPECT_EQ(heard_[3].timestamp, 50);
}

TEST_F(FilmDescriberTest, ScenesAreDescribedByTheirFirstFrames) {
    ASSERT_TRUE(describe(film({.keyframes = true})).has_value());
    EXPECT_EQ(said(), "red blue ");
    EXPECT_NEAR(heard_[1].timestamp.value(), 0.96, 1e-6);
}

TEST_F(FilmDescriberTest, FramesCutOffByMaxFramesAreAWarning) {
    const auto info = describe(film({.fps = 25, .max_frames = 3}));
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(heard_.size(), 3U);
    ASSERT_EQ(info->warnings.size(), 1U);
    EXPECT_EQ(info->warnings[0].field, "input.max_frames");
    limits_.frames_max = 2;
    heard_.clear();
    const auto bounded = describe(film({.fps = 25, .max_frames = 1'000'000}));
    ASSERT_TRUE(bounded.has_value());
    EXPECT_EQ(heard_.size(), 2U);
    EXPECT_EQ(bounded->warnings.size(), 2U) << "that so many are too many, and that more were there";
}

TEST_F(FilmDescriberTest, FramesDescribedBeforeAFilmEndsEarlyStand) {
    Film cut = film({.fps = 25, .keep_duplicates = true}, "h264-fragments.mp4");
    Bytes& bytes = std::get<EncodedPicture>(cut.source.source).bytes;
    const auto last = std::ranges::find_end(bytes, fixtures::bytes_of("mdat"));
    bytes.resize(static_cast<std::size_t>(last.begin() - bytes.begin()) + 6);
    const auto info = describe(std::move(cut));
    ASSERT_FALSE(info.has_value());
    EXPECT_EQ(info.error().code, ErrorCode::truncated_image);
    EXPECT_EQ(info.error().field, "input.video");
    EXPECT_EQ(said(), "red red blue ");
}

TEST_F(FilmDescriberTest, NoMoreFramesAreInProgressThanTheModelHasRoomFor) {
    at_once_ = 2;
    std::mutex mutex;
    std::condition_variable changed;
    int in_work = 0;
    int most = 0;
    const auto together = [&](Job, DecodedImage, const std::stop_token&) -> Result<Caption> {
        std::unique_lock lock(mutex);
        most = std::max(most, ++in_work);
        changed.notify_all();
        changed.wait(lock, [&] { return most == 2; });  // the second comes while the first is in progress
        --in_work;
        Caption made;
        made.text = "both";
        return made;
    };
    ASSERT_TRUE(describe(film({.fps = 25, .keep_duplicates = true}), together).has_value());
    EXPECT_EQ(heard_.size(), 4U);
    EXPECT_EQ(most, 2);
}

TEST_F(FilmDescriberTest, AfterAStopNoFrameIsPassedOn) {
    std::stop_source stop;
    const auto stopping = [&](Job, DecodedImage, const std::stop_token& token) -> Result<Caption> {
        stop.request_stop();
        EXPECT_TRUE(token.stop_requested());
        return fail(ErrorCode::cancelled, "stopped");
    };
    const auto info = describe(film({.fps = 25}), stopping, stop.get_token());
    ASSERT_FALSE(info.has_value());
    EXPECT_EQ(info.error().code, ErrorCode::cancelled);
    EXPECT_TRUE(heard_.empty());
}

TEST_F(FilmDescriberTest, AFilmComesAsBytesAsBase64OrByUrl) {
    Film remote = film({.keyframes = true});
    remote.source.source = RemotePicture{"https://example.com/film.mp4"};
    ASSERT_TRUE(describe(std::move(remote)).has_value());
    EXPECT_EQ(fetcher_.asked.url, "https://example.com/film.mp4");
    EXPECT_EQ(fetcher_.asked.bytes_max, limits_.film_bytes_max);
    EXPECT_EQ(fetcher_.asked.job, JobId{"job"});
    Film text = film({});
    text.source.source = Base64Picture{SharedText("no base64!")};
    const auto info = describe(std::move(text));
    ASSERT_FALSE(info.has_value());
    EXPECT_EQ(info.error().code, ErrorCode::bad_base64);
    EXPECT_EQ(info.error().field, "input.video");
}

TEST_F(FilmDescriberTest, WarningsOfTheJobAreGivenOnceAndTheJobIsAFrame) {
    Film warned = film({.fps = 25, .keep_duplicates = true});
    warned.frame_job.warnings = {{.field = "input.promt", .message = "unknown"}};
    std::atomic<int> frames = 0;
    const auto looking = [&](Job job, DecodedImage frame, const std::stop_token& stop) {
        frames += job.is_frame ? 1 : 0;
        EXPECT_TRUE(job.warnings.empty());
        return colour(std::move(job), std::move(frame), stop);
    };
    const auto info = describe(std::move(warned), looking);
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->warnings.size(), 1U);
    EXPECT_EQ(frames, 4);
}

TEST_F(FilmDescriberTest, FramesThatGrowAreInProgressOneAtATime) {
    std::mutex mutex;
    std::condition_variable came;
    int inside = 0;
    int most = 0;
    const auto counted = [&](Job job, DecodedImage frame, const std::stop_token& stop) -> Result<Caption> {
        if (frame.image.size != Size{16, 16}) {
            std::unique_lock lock(mutex);
            most = std::max(most, ++inside);
            came.notify_all();
            came.wait_for(lock, std::chrono::milliseconds(50), [&] { return most > 1; });
            --inside;
        }
        return colour(std::move(job), std::move(frame), stop);
    };
    ASSERT_TRUE(describe(film({.fps = 25, .keep_duplicates = true}, "grows.avi"), counted).has_value());
    EXPECT_EQ(heard_.size(), 5U);
    EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace vignette
