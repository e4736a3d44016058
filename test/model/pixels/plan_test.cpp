#include "model/pixels/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace vignette {
namespace {

// From one pixel to the most a side may have, small ones as often as large ones.
std::int32_t any_side(std::mt19937& random) {
    const auto bits = static_cast<int>(random() % 15) + 1;
    return static_cast<std::int32_t>(random() % (1U << bits)) + 1;
}

void expect_inside(const PixelPlan& plan, Size side, Size picture) {
    for (const Tile& tile : plan.tiles) {
        const auto& [left, top, size] = tile.part;
        const Size& resized = plan.resized.at(tile.resized);
        EXPECT_TRUE(left >= 0 && top >= 0 && size.width >= 0 && size.height >= 0);
        EXPECT_LE(left + size.width, resized.width) << picture.width << "x" << picture.height;
        EXPECT_LE(top + size.height, resized.height) << picture.width << "x" << picture.height;
        EXPECT_TRUE(tile.left >= 0 && tile.top >= 0);
        EXPECT_LE(tile.left + size.width, side.width) << picture.width << "x" << picture.height;
        EXPECT_LE(tile.top + size.height, side.height) << picture.width << "x" << picture.height;
    }
}

TEST(PixelPlan, EveryPartLiesInItsTileAndInItsPicture) {
    std::mt19937 random(31);
    PixelRecipe anyres{.method = PixelMethod::anyres, .size = {336, 336}};
    anyres.patch = 14;
    anyres.pinpoints = {{336, 672}, {672, 336}, {672, 672}, {1008, 336}, {336, 1008}};
    PixelRecipe wide = anyres;
    wide.pinpoints = {{1008, 1008}};
    PixelRecipe crop{.method = PixelMethod::crop, .size = {336, 336}};
    crop.shortest_edge = 224;
    const PixelRecipe stretch{.method = PixelMethod::stretch, .size = {224, 224}};
    PixelRecipe fit{.method = PixelMethod::fit, .patch = 28};
    fit.pixels_min = 3136;
    fit.pixels_max = 1280 * 28 * 28;
    const std::array recipes{anyres, wide, crop, stretch};
    for (int round = 0; round < 5000; ++round) {
        const Size picture{any_side(random), any_side(random)};
        for (const PixelRecipe& recipe : recipes)
            expect_inside(plan_pixels(picture, recipe, 1), recipe.size, picture);
        const PixelPlan fitted = plan_pixels(picture, fit, 1);
        expect_inside(fitted, fitted.side, picture);
    }
}

TEST(PixelPlan, APictureKeepsItsShapeInWholePatchesWithinItsBounds) {
    std::mt19937 random(41);
    PixelRecipe recipe{.method = PixelMethod::fit, .patch = 28};
    recipe.pixels_min = 3136;
    recipe.pixels_max = 1280 * 28 * 28;
    for (int round = 0; round < 5000; ++round) {
        const Size picture{any_side(random), any_side(random)};
        const auto [shorter, longer] = std::minmax(picture.width, picture.height);
        if (longer > 200 * shorter) continue;
        const PixelPlan plan = plan_pixels(picture, recipe, 1);
        const Size side = plan.side;
        EXPECT_EQ(side.width % 28 + side.height % 28, 0);
        EXPECT_EQ(plan.tokens, side.pixels() / (28 * 28));
        EXPECT_TRUE(side.pixels() >= recipe.pixels_min && side.pixels() <= recipe.pixels_max)
            << picture.width << "x" << picture.height << " became " << side.width << "x" << side.height;
    }
    // Python's round() on 42 / 28 and 70 / 28: both go to 2.
    EXPECT_EQ(plan_pixels({42, 70}, recipe, 1).side, (Size{56, 56}));
}

struct FilmCase {
    int frames;
    Size frame;
    Size of_each;  // with bounds for each frame, as Qwen2.5-VL has them
    Size of_all;   // with bounds for all frames, as Qwen3-VL
};

// What the reference's arithmetic gives, in Python, with the bounds of the checkpoints and 2,048 tokens.
TEST(PixelPlan, FramesShareThePixelsOfTheirFilm) {
    const PixelRecipe older{.method = PixelMethod::fit, .patch = 28};
    const FilmRecipe each{
        .frames = 2, .pixels_min = 128 * 28 * 28, .pixels_max = 768 * 28 * 28, .tokens_max = 2048
    };
    const PixelRecipe newer{.method = PixelMethod::fit, .patch = 32};
    const FilmRecipe all{
        .frames = 2, .shares_pixels = true, .pixels_min = 4096, .pixels_max = 25'165'824, .tokens_max = 2048
    };
    const std::array cases{
        FilmCase{2, {1920, 1080}, {1008, 560}, {1920, 1088}},
        FilmCase{5, {1920, 1080}, {952, 532}, {1216, 672}},
        FilmCase{7, {90, 90}, {336, 336}, {96, 96}},
        FilmCase{8, {640, 360}, {644, 364}, {640, 352}},
        FilmCase{16, {3840, 2160}, {588, 336}, {672, 384}},
        FilmCase{64, {1920, 1080}, {280, 168}, {320, 192}},
        FilmCase{3, {300, 20}, {1232, 84}, {480, 32}},
        FilmCase{6, {16, 16}, {336, 336}, {32, 32}},
    };
    for (const FilmCase& one : cases) {
        EXPECT_EQ(plan_frames(one.frame, one.frames, older, each).side, one.of_each) << one.frames;
        const PixelPlan plan = plan_frames(one.frame, one.frames, newer, all);
        EXPECT_EQ(plan.side, one.of_all) << one.frames;
        EXPECT_EQ(plan.tokens, plan.side.pixels() / (32 * 32));
        EXPECT_EQ(plan_frames(one.frame, 1, newer, all).side, plan_frames(one.frame, 2, newer, all).side);
    }
}

TEST(PixelPlan, FramesOfOneSizeAreCutAsPicturesAre) {
    PixelRecipe pictures{.method = PixelMethod::anyres, .size = {336, 336}};
    pictures.patch = 14;
    PixelRecipe crop{.method = PixelMethod::crop, .size = {336, 336}};
    crop.shortest_edge = 336;
    const FilmRecipe film{.frames = 1, .tokens_max = 4608, .crop = crop, .group_tokens = 144};
    for (const Size frame : {Size{1920, 1080}, Size{1080, 1921}, Size{5, 7}, Size{336, 336}}) {
        const PixelPlan plan = plan_frames(frame, 32, pictures, film);
        EXPECT_EQ(plan.side, (Size{336, 336}));
        EXPECT_EQ(plan.tokens, 144);
        EXPECT_EQ(plan.resized, plan_pixels(frame, crop, 144).resized);
        expect_inside(plan, plan.side, frame);
    }
    EXPECT_EQ(plan_frames({1920, 1080}, 1, pictures, film).resized.front(), (Size{597, 336}));
}

TEST(PixelPlan, TheTilesOfAGridShowAllOfThePicture) {
    std::mt19937 random(37);
    PixelRecipe recipe{.method = PixelMethod::anyres, .size = {336, 336}};
    recipe.patch = 14;
    recipe.pinpoints = {{336, 672}, {672, 336}, {672, 672}, {1008, 336}, {336, 1008}};
    for (int round = 0; round < 2000; ++round) {
        const Size picture{any_side(random), any_side(random)};
        const PixelPlan plan = plan_pixels(picture, recipe, 1);
        std::int64_t shown = 0;
        for (const Tile& tile : plan.tiles) shown += tile.resized == 1 ? tile.part.size.pixels() : 0;
        EXPECT_EQ(shown, plan.resized.at(1).pixels()) << picture.width << "x" << picture.height;
    }
}

}  // namespace
}  // namespace vignette
