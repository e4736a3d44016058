#include "film/frame_choice.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

namespace vignette {
namespace {

Thumbnail grey(int value) {
    Thumbnail frame;
    frame.rgb.fill(static_cast<std::uint8_t>(value));
    return frame;
}

// The times of the frames taken, repeated as often as each is taken.
std::vector<double> taken(FrameChoice& choice, const std::vector<double>& times, double end) {
    std::vector<double> got;
    for (std::size_t i = 0; i < times.size() && !choice.done(); ++i) {
        const bool last = i + 1 == times.size();
        const Shown shown{.from = times[i], .until = last ? end : times[i + 1], .last = last};
        for (std::size_t left = choice.places(shown, std::nullopt); left > 0; --left) got.push_back(times[i]);
    }
    return got;
}

std::vector<double> every(double step, int count) {
    std::vector<double> times;
    times.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) times.push_back(step * i);
    return times;
}

TEST(FrameChoice, OneASecondByDefault) {
    FrameChoice choice({}, 100);
    EXPECT_EQ(taken(choice, every(0.25, 13), 3.25), (std::vector<double>{0, 1, 2, 3}));
}

TEST(FrameChoice, TheFirstFrameAtOrAfterEachBeat) {
    FrameChoice choice({.fps = 2}, 100);
    EXPECT_EQ(
        taken(choice, {0.1, 0.2, 0.45, 0.6, 1.0, 1.2, 1.7}, 2), (std::vector<double>{0.1, 0.6, 1.0, 1.7})
    );
}

TEST(FrameChoice, AFrameAfterSeveralBeatsIsTakenOnce) {
    FrameChoice choice({.fps = 1}, 100);
    EXPECT_EQ(taken(choice, {0, 5.5, 5.75, 6.0}, 7), (std::vector<double>{0, 5.5, 6.0}));
}

TEST(FrameChoice, MoreBeatsThanFramesTakeEachFrame) {
    FrameChoice choice({.fps = 1000}, 100);
    EXPECT_EQ(taken(choice, every(0.04, 5), 0.2), every(0.04, 5));
}

TEST(FrameChoice, RoundedTimesAreTheSameTime) {
    FrameChoice choice({.fps = 3}, 100);
    const std::vector<double> times{0, 0.3333332, 0.6666667, 1.0};
    EXPECT_EQ(taken(choice, times, 1.3), times);
}

TEST(FrameChoice, AtGivenTimesTheFrameOnScreen) {
    FrameChoice choice({.timestamps = {0.5, 1.0, 1.9, 1.95, 4.0}}, 100);
    EXPECT_EQ(taken(choice, {1, 2, 3}, 4), (std::vector<double>{1, 1, 1, 1, 3}))
        << "before the first: the first";
    EXPECT_TRUE(choice.beyond_end().empty());
    EXPECT_TRUE(choice.done());
}

TEST(FrameChoice, TimesAfterTheEndAreLeftOver) {
    FrameChoice choice({.timestamps = {1, 4.01, 9}}, 100);
    EXPECT_EQ(taken(choice, {0, 1, 2}, 4), std::vector<double>{1});
    EXPECT_EQ(choice.beyond_end(), (std::vector<double>{4.01, 9}));
}

TEST(FrameChoice, MoreThanTheLimitAreCutOffAndThatIsKnown) {
    FrameChoice by_rate({.fps = 1}, 2);
    EXPECT_EQ(taken(by_rate, every(1, 5), 5), (std::vector<double>{0, 1}));
    EXPECT_TRUE(by_rate.cut());
    FrameChoice just_enough({.fps = 1}, 5);
    EXPECT_EQ(taken(just_enough, every(1, 5), 5), every(1, 5));
    EXPECT_FALSE(just_enough.cut());
    FrameChoice by_time({.timestamps = {0, 1, 2}}, 2);
    EXPECT_EQ(taken(by_time, every(1, 5), 5), (std::vector<double>{0, 1}));
    EXPECT_TRUE(by_time.cut());
    EXPECT_TRUE(by_time.beyond_end().empty());
}

TEST(FrameChoice, WhatIsWantedNextIsKnownExceptForScenes) {
    FrameChoice choice({.fps = 0.5}, 100);
    EXPECT_LE(choice.next()->at, 0);
    taken(choice, {0, 1}, 2);
    EXPECT_NEAR(choice.next()->at, 2, 1e-5);
    EXPECT_TRUE(choice.next()->begins);
    const FrameChoice by_time({.timestamps = {5}}, 9);
    EXPECT_EQ(by_time.next()->at, 5);
    EXPECT_FALSE(by_time.next()->begins) << "the frame that is on the screen then began before it";
    EXPECT_FALSE(FrameChoice({.keyframes = true}, 9).next().has_value());
}

TEST(FrameChoice, TheFirstFrameOfEachSceneIgnoringFlicker) {
    FrameChoice choice({.keyframes = true}, 100);
    EXPECT_TRUE(choice.needs_thumbnails());
    const std::vector<std::pair<double, int>> film{{0, 20},    {0.2, 22},  {0.4, 200}, {0.6, 20},
                                                   {0.8, 200}, {1.0, 201}, {1.2, 198}, {1.5, 90}};
    std::vector<double> got;
    for (const auto& [time, value] : film) {
        if (choice.places({.from = time, .until = time + 0.1}, grey(value)) > 0) got.push_back(time);
    }
    EXPECT_EQ(got, (std::vector<double>{0, 0.6, 1.5})) << "0.4 and 0.8 come too soon after the frame before";
}

}  // namespace
}  // namespace vignette
