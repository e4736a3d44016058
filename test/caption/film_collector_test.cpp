#include "caption/film_collector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "film/film_fixtures.h"

namespace vignette {
namespace {

// Four frames of 64x48, 0.48 s apart.
class FilmCollectorTest : public ::testing::Test {
protected:
    static Film film_of(FrameOptions options, Bytes bytes = fixtures::film("h264.mp4")) {
        Film film;
        film.source = {.field = "input.video", .source = EncodedPicture{std::move(bytes)}};
        film.options = std::move(options);
        return film;
    }

    Result<CollectedFilm> collect(FrameOptions options, Bytes bytes = fixtures::film("h264.mp4")) {
        Film film = film_of(std::move(options), std::move(bytes));
        return collect_frames(film, {.limits = limits_, .reader = reader_, .frames_together = together_}, {});
    }

    Result<CollectedFilm> collect(FrameOptions options, PictureReader& reader, const std::stop_token& stop) {
        Film film = film_of(std::move(options));
        return collect_frames(film, {.limits = limits_, .reader = reader}, stop);
    }

    static std::string warned(const CollectedFilm& film) {
        std::string fields;
        for (const Warning& one : film.info.warnings) fields += one.field + " ";
        return fields;
    }

    int together_ = frames_together_default;
    Limits limits_;
    PictureReader reader_{nullptr, nullptr, limits_};
};

TEST_F(FilmCollectorTest, TwoFramesASecondUnlessOtherwiseAsked) {
    const CollectedFilm film = collect({}).value();
    EXPECT_EQ(film.seen.times.size(), 3U);  // of 0, 0.48, 0.96 and 1.44 s those behind each half second
    EXPECT_EQ(film.seen.images.size(), film.seen.times.size());
    EXPECT_EQ(film.seen.images.front().size, (Size{64, 48}));
    EXPECT_EQ(film.info.codec, "h264");
    EXPECT_FALSE(film.ended.has_value());
    EXPECT_EQ(warned(film), "");
}

TEST_F(FilmCollectorTest, AFilmThatIsTooLongIsSpreadOverItsFrames) {
    const CollectedFilm film = collect({.max_frames = 2}).value();
    EXPECT_EQ(film.seen.times.size(), 2U);
    EXPECT_EQ(film.seen.times.front(), 0);
    EXPECT_GE(film.seen.times.back(), film.info.duration / 2) << "not just its beginning";
    EXPECT_EQ(warned(film), "") << "it was asked for";
}

TEST_F(FilmCollectorTest, AModelThatHoldsFewerFramesIsShownNoMoreUnlessTheyAreAskedFor) {
    together_ = 2;
    const CollectedFilm film = collect({}).value();
    EXPECT_EQ(film.seen.times.size(), 2U);
    EXPECT_GE(film.seen.times.back(), film.info.duration / 2) << "not just its beginning";
    EXPECT_EQ(collect({.max_frames = 3}).value().seen.times.size(), 3U);
}

TEST_F(FilmCollectorTest, ARateThatIsTooHighIsLoweredAndTheClientIsTold) {
    const CollectedFilm film = collect({.fps = 25, .max_frames = 2}).value();
    EXPECT_EQ(film.seen.times.size(), 2U);
    EXPECT_GE(film.seen.times.back(), film.info.duration / 2);
    EXPECT_EQ(warned(film), "input.fps ");
}

TEST_F(FilmCollectorTest, OnlySoManyFramesGoIntoAPrompt) {
    const CollectedFilm film = collect({.fps = 25, .max_frames = 1000}).value();
    EXPECT_EQ(film.seen.times.size(), 4U);
    EXPECT_EQ(warned(film), "input.max_frames ");
}

TEST_F(FilmCollectorTest, EachFrameStandsOnceInThePrompt) {
    const CollectedFilm film = collect({.timestamps = {0, 0.1, 0.2, 1.0, 50}}).value();
    EXPECT_EQ(film.seen.times.size(), 2U);
    EXPECT_NEAR(film.seen.times.back(), 0.96, 1e-6);
    EXPECT_EQ(warned(film), "input.timestamps ") << "one is after the end";
}

TEST_F(FilmCollectorTest, TimesAfterTheEndAreNoFilm) {
    const auto film = collect({.timestamps = {50}});
    ASSERT_FALSE(film.has_value());
    EXPECT_EQ(film.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(film.error().field, "input.timestamps");
}

TEST_F(FilmCollectorTest, ScenesMayBeAskedFor) {
    const CollectedFilm film = collect({.keyframes = true}).value();
    EXPECT_EQ(film.seen.times.size(), 2U);  // red, then blue
}

TEST_F(FilmCollectorTest, FramesOfAnotherSizeThanTheFirstAreNotTaken) {
    const CollectedFilm film = collect({}, fixtures::film("grows.avi")).value();
    EXPECT_EQ(film.seen.images.size(), 1U);
    ASSERT_TRUE(film.ended.has_value());
    EXPECT_EQ(film.ended->code, ErrorCode::invalid_input);
}

TEST_F(FilmCollectorTest, ItsFramesAreChargedBeforeTheyAreDecoded) {
    const CollectedFilm first = collect({}).value();
    Limits limits;
    limits.media_bytes_max =
        5 * (first.seen.images.size() * first.seen.images.front().rgb.size());  // a fifth is for them
    PictureReader narrow(nullptr, nullptr, limits);
    MediaGate::Pass taken = narrow.hold_frames(1, {"other"}, {}).value();
    std::stop_source stop;
    auto waiting = std::async(std::launch::async, [&] { return collect({}, narrow, stop.get_token()); });
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(collect({}).has_value());
    EXPECT_EQ(waiting.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    taken = {};
    EXPECT_TRUE(waiting.get().has_value());
    taken = narrow.hold_frames(1, {"other"}, {}).value();
    waiting = std::async(std::launch::async, [&] { return collect({}, narrow, stop.get_token()); });
    stop.request_stop();
    EXPECT_EQ(waiting.get().error().code, ErrorCode::cancelled);
}

TEST_F(FilmCollectorTest, WhatIsNoFilmNamesItsField) {
    const auto film = collect({}, fixtures::bytes_of("no film at all"));
    ASSERT_FALSE(film.has_value());
    EXPECT_EQ(film.error().field, "input.video");
}

TEST_F(FilmCollectorTest, OfAFilmThatIsCutOffThereIsWhatCouldBeRead) {
    Bytes bytes = fixtures::film("h264-fragments.mp4");
    const auto last = std::ranges::find_end(bytes, fixtures::bytes_of("mdat"));
    bytes.resize(static_cast<std::size_t>(last.begin() - bytes.begin()) + 8);
    const CollectedFilm film = collect({.fps = 25}, std::move(bytes)).value();
    ASSERT_TRUE(film.ended.has_value());
    EXPECT_EQ(film.ended->code, ErrorCode::truncated_image);
    EXPECT_FALSE(film.seen.images.empty());
}

}  // namespace
}  // namespace vignette
