#include "film/frame_likeness.h"

#include <gtest/gtest.h>

#include <random>

namespace vignette {
namespace {

using Colour = std::array<int, 3>;

constexpr Colour white{247, 247, 247};
constexpr Colour blue{38, 84, 214};
constexpr Colour purple{118, 50, 168};  // as bright as the blue

Thumbnail filled(const Colour& colour) {
    Thumbnail frame;
    for (std::size_t i = 0; i < frame.rgb.size(); ++i)
        frame.rgb[i] = static_cast<std::uint8_t>(colour[i % 3]);
    return frame;
}

// A square of `side` pixels with its corner at the given place.
Thumbnail with_square(Thumbnail frame, int x, int y, int side, const Colour& colour) {
    for (int row = y; row < y + side; ++row) {
        for (int column = x; column < x + side; ++column) {
            for (int part = 0; part < 3; ++part) {
                frame.rgb[static_cast<std::size_t>((row * Thumbnail::side + column) * 3 + part)] =
                    static_cast<std::uint8_t>(colour[static_cast<std::size_t>(part)]);
            }
        }
    }
    return frame;
}

Thumbnail noisy(Thumbnail frame, int amount) {
    std::mt19937 random(7);
    std::uniform_int_distribution<int> noise(-amount, amount);
    for (auto& sample : frame.rgb)
        sample = static_cast<std::uint8_t>(std::clamp(sample + noise(random), 0, 255));
    return frame;
}

TEST(FrameLikeness, NoiseAndCompressionDoNotMakeFramesDiffer) {
    const Thumbnail frame = with_square(filled(white), 8, 8, 6, blue);
    EXPECT_EQ(largest_difference(frame, frame), 0);
    EXPECT_TRUE(looks_like(frame, noisy(frame, 8)));
}

TEST(FrameLikeness, AShapeThatMovesAppearsOrDisappearsMakesFramesDiffer) {
    const Thumbnail empty = filled(white);
    const Thumbnail here = with_square(empty, 8, 8, 4, blue);
    EXPECT_FALSE(looks_like(empty, here));
    EXPECT_FALSE(looks_like(here, with_square(empty, 9, 8, 4, blue))) << "by one pixel of 32";
}

TEST(FrameLikeness, ColoursWithTheSameGreyDiffer) {
    EXPECT_FALSE(
        looks_like(with_square(filled(white), 8, 8, 4, blue), with_square(filled(white), 8, 8, 4, purple))
    );
}

TEST(FrameLikeness, TheDifferenceIsTheMeanOfTheWorstBlock) {
    Thumbnail dark = filled({0, 0, 0});
    EXPECT_DOUBLE_EQ(largest_difference(dark, with_square(dark, 4, 4, 4, {30, 60, 90})), 60);
    EXPECT_DOUBLE_EQ(largest_difference(dark, with_square(dark, 4, 4, 2, {30, 60, 90})), 15);
}

TEST(FrameLikeness, ACutIsDetectedAndMotionIsNot) {
    const Thumbnail bright = with_square(filled(white), 4, 4, 10, blue);
    const Thumbnail dark = with_square(filled({30, 60, 30}), 16, 10, 8, white);
    EXPECT_GE(scene_change(bright, dark), cut_min);
    EXPECT_LT(scene_change(bright, with_square(filled(white), 16, 16, 10, blue)), cut_min);
    EXPECT_LT(scene_change(bright, noisy(bright, 12)), cut_min);
    EXPECT_EQ(scene_change(bright, bright), 0);
    EXPECT_EQ(scene_change(filled({0, 0, 0}), filled({255, 255, 255})), 1);
}

}  // namespace
}  // namespace vignette
