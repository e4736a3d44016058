#include "model/pixels/preprocess.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <random>
#include <thread>
#include <vector>

#include "model/golden.h"
#include "model/pixels/picture_sizes.h"
#include "model/pixels/resample.h"
#include "model/pixels/scale.h"

namespace vignette {
namespace {

std::vector<float> values(const ModelInput& pixels) {
    const at::Tensor& tensor = dynamic_cast<const TorchInput&>(pixels).values();
    const float* first = tensor.const_data_ptr<float>();
    return {first, first + tensor.numel()};
}

bool same_bits(const std::vector<float>& one, const std::vector<float>& other) {
    return std::ranges::equal(one, other, [](float a, float b) {
        return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    });
}

// The recipes of golden_pixels.py.
PixelRecipe recipe_of(const Golden& golden, const std::string& name) {
    PixelRecipe recipe;
    recipe.size = {.width = 28, .height = 28};
    std::ranges::copy(golden.floats("mean"), recipe.mean);
    std::ranges::copy(golden.floats("std"), recipe.std);
    if (name == "anyres") {
        recipe.method = PixelMethod::anyres;
        recipe.patch = 7;
        recipe.pinpoints = {
            {.width = 56, .height = 28},
            {.width = 28, .height = 56},
            {.width = 56, .height = 56},
            {.width = 28, .height = 84},
            {.width = 84, .height = 28}
        };
        return recipe;
    }
    if (name == "fit") {
        recipe.method = PixelMethod::fit;
        recipe.patch = 28;
        recipe.pixels_min = 4 * 28 * 28;
        recipe.pixels_max = 40 * 28 * 28;
        return recipe;
    }
    recipe.method = PixelMethod::crop;
    recipe.shortest_edge = name == "small_crop" ? 20 : 32;
    if (name == "pillow") {
        recipe.resampling = Resampling::pillow;
        recipe.rescale = 0.00392156862745098;
        std::ranges::copy(golden.floats("plain_mean"), recipe.mean);
        std::ranges::copy(golden.floats("plain_std"), recipe.std);
    }
    return recipe;
}

Image random_image(Size size, std::mt19937& random) {
    Image image{.size = size, .rgb = {}};
    image.rgb.resize(static_cast<std::size_t>(size.pixels()) * 3);
    std::ranges::generate(image.rgb, [&] { return static_cast<std::uint8_t>(random()); });
    return image;
}

class PreprocessTest : public testing::TestWithParam<std::string> {};

TEST_P(PreprocessTest, GivesTheReferencesPixelsBitForBit) {
    const Golden golden("pixels.safetensors");
    const Preprocessor preprocess(recipe_of(golden, GetParam()), 9);
    const int pictures = golden.numbered(GetParam() + ".image");
    ASSERT_GT(pictures, 40);
    for (int number = 0; number < pictures; ++number) {
        const std::string place = "." + std::to_string(number);
        const Image image = golden.image(GetParam() + ".image" + place);
        const auto pixels = preprocess(image).value();
        EXPECT_TRUE(same_bits(values(*pixels), golden.floats(GetParam() + ".pixels" + place)))
            << image.size.width << "x" << image.size.height;
        const bool counted = GetParam() == "anyres" || GetParam() == "fit";
        EXPECT_EQ(
            pixels->tokens(),
            counted ? golden.numbers<std::int64_t>(GetParam() + ".tokens" + place).front() : 9
        );
    }
}

TEST_P(PreprocessTest, InPiecesItIsTheSameBitForBit) {
    const Golden golden("pixels.safetensors");
    const Preprocessor preprocess(recipe_of(golden, GetParam()), 9);
    std::mt19937 random(23);
    for (int round = 0; round < 40; ++round) {
        const Size size{
            .width = static_cast<int>(random() % 199) + 2, .height = static_cast<int>(random() % 400) + 1
        };
        const Image image = random_image(size, random);
        const auto preparation = preprocess.begin();
        const std::size_t row = static_cast<std::size_t>(size.width) * 3;
        for (std::size_t rows = 0; rows < static_cast<std::size_t>(size.height); rows += random() % 120)
            preparation->accept_rows(size, {image.rgb.data(), rows * row});
        const auto pieces = preparation->finish(image).value();
        const auto whole = preprocess(image).value();
        EXPECT_TRUE(same_bits(values(*pieces), values(*whole))) << size.width << "x" << size.height;
        EXPECT_EQ(pieces->tokens(), whole->tokens());
    }
}

INSTANTIATE_TEST_SUITE_P(
    Recipes, PreprocessTest, testing::Values("crop", "small_crop", "pillow", "anyres", "fit")
);

// As if the bundle allowed no more.
TEST(Preprocess, APictureHasNoMoreTokensThanAreWanted) {
    const PixelRecipe recipe = golden_manifest("qwen3_vl").info.pixels;
    std::mt19937 random(29);
    const Preprocessor usual(recipe, 1);
    for (const int tokens : {1, 4, 9, 30}) {
        for (const Size size : {Size{400, 300}, Size{90, 91}, Size{30, 20}, Size{7, 5}})
            EXPECT_LE(usual(random_image(size, random), {.tokens_max = tokens}).value()->tokens(), tokens)
                << size.width;
        PixelRecipe less = recipe;
        less.pixels_max = std::min(recipe.pixels_max, tokens * recipe.patch * recipe.patch);
        less.pixels_min = 1;
        const Image large = random_image({400, 300}, random);
        const auto wanted = usual(large, {.tokens_max = tokens}).value();
        EXPECT_TRUE(same_bits(values(*wanted), values(*Preprocessor(less, 1)(large).value())));
    }
    const Preprocessor fixed(golden_manifest().info.pixels, 9);
    EXPECT_EQ(fixed(random_image({60, 40}, random), {.tokens_max = 4}).value()->tokens(), 9);
}

// Films as LLaVA-NeXT-Video takes them, beside pictures that are cut into tiles.
FilmRecipe film_of_squares(const Golden& golden) {
    FilmRecipe film{.frames = 1, .tokens_max = 12};
    film.crop = recipe_of(golden, "crop");
    film.group_tokens = 4;
    return film;
}

TEST(Preprocess, AFrameOfOneSizeIsMadeAsACroppedPicture) {
    const Golden golden("pixels.safetensors");
    const FilmRecipe film = film_of_squares(golden);
    const Preprocessor preprocess(recipe_of(golden, "anyres"), 1);
    const Preprocessor crop(*film.crop, 1);
    std::mt19937 random(29);
    for (const Size size : {Size{120, 77}, Size{33, 91}, Size{5, 7}, Size{28, 28}}) {
        const std::vector<Image> frames{random_image(size, random), random_image(size, random)};
        const auto groups = preprocess.groups(frames, std::vector{0.0, 0.5}, film).value();
        ASSERT_EQ(groups.size(), 2U);
        for (std::size_t i = 0; i < frames.size(); ++i) {
            EXPECT_TRUE(same_bits(values(*groups[i]), values(*crop(frames[i]).value()))) << size.width;
            EXPECT_EQ(groups[i]->tokens(), 4);
            EXPECT_EQ(dynamic_cast<const TorchInput&>(*groups[i]).frames(), 1);
        }
    }
}

// Video-LLaVA's pictures are Pillow's, and its films torch's.
TEST(Preprocess, FramesHaveTheColoursOfTheirOwnRecipe) {
    const Golden golden("pixels.safetensors");
    const FilmRecipe film = film_of_squares(golden);
    const Preprocessor preprocess(recipe_of(golden, "pillow"), 1);
    std::mt19937 random(29);
    const std::vector<Image> frames{random_image({90, 70}, random)};
    const auto groups = preprocess.groups(frames, std::vector{0.0}, film).value();
    EXPECT_TRUE(
        same_bits(values(*groups.front()), values(*Preprocessor(*film.crop, 1)(frames.front()).value()))
    );
    EXPECT_FALSE(same_bits(values(*groups.front()), values(*preprocess(frames.front()).value())));
}

TEST(Preprocess, MoreFramesThanAPromptHoldsAreRefusedWithTheirMost) {
    const Golden golden("pixels.safetensors");
    const Preprocessor preprocess(recipe_of(golden, "anyres"), 1);
    std::mt19937 random(29);
    std::vector<Image> frames(3, random_image({40, 30}, random));
    EXPECT_TRUE(preprocess.groups(frames, std::vector{0.0, 1.0, 2.0}, film_of_squares(golden)));
    frames.push_back(frames.front());
    const Error error =
        preprocess.groups(frames, std::vector{0.0, 1.0, 2.0, 3.0}, film_of_squares(golden)).error();
    EXPECT_EQ(error.code, ErrorCode::prompt_too_long);
    EXPECT_EQ(error.field, "input.max_frames");
    EXPECT_NE(error.message.find("set max_frames to at most 3"), std::string::npos) << error.message;
}

TEST(Preprocess, EveryFamilysPixelsAreTheReferences) {
    for (const char* family : captioner_families) {
        const Golden golden(std::string(family) + "/golden.safetensors");
        const Preprocessor preprocess(golden_manifest(family).info.pixels, 1);
        ASSERT_GT(golden.numbered("prompt"), 0);
        for (int number = 0; number < golden.numbered("prompt"); ++number) {
            const std::string place = "." + std::to_string(number) + ".0";
            const auto pixels = preprocess(golden.image("image" + place)).value();
            EXPECT_TRUE(same_bits(values(*pixels), golden.floats("pixels" + place))) << family << place;
        }
    }
}

TEST(Preprocess, MayRunInManyThreadsAtOnce) {
    const Golden golden("blip2-opt/golden.safetensors");
    const Preprocessor preprocess(golden_manifest().info.pixels, 1);
    std::vector<char> equal(4, 0);
    {
        std::vector<std::jthread> threads;
        for (char& outcome : equal) {
            threads.emplace_back([&] {
                const auto pixels = preprocess(golden.image("image.2.0")).value();
                outcome = same_bits(values(*pixels), golden.floats("pixels.2.0")) ? 1 : 0;
            });
        }
    }
    EXPECT_EQ(equal, std::vector<char>(4, 1));
}

// Grids that are much larger than what is shown in them: some of their tiles are black all over.
TEST(Preprocess, TheTilesAreThoseOfThePictureInItsFrame) {
    std::mt19937 random(29);
    constexpr int side = 12;
    int black_tiles = 0;
    for (int round = 0; round < 200; ++round) {
        PixelRecipe recipe{.method = PixelMethod::anyres, .size = {.width = side, .height = side}};
        recipe.patch = 4;
        std::ranges::fill(recipe.std, 1.0F);  // so the values are the bytes
        const Size grid{
            .width = side * (static_cast<int>(random() % 4) + 1),
            .height = side * (static_cast<int>(random() % 4) + 1)
        };
        recipe.pinpoints = {grid};
        const Size size{
            .width = static_cast<int>(random() % 60) + 1, .height = static_cast<int>(random() % 60) + 1
        };
        const Image image = random_image(size, random);
        const Size inside = fitted(size, grid);
        const Samples shown = resample_window(image, inside, {.size = inside});
        const int left = (grid.width - inside.width) / 2;
        const int top = (grid.height - inside.height) / 2;
        std::vector<float> expected;
        for (int tile_y = 0; tile_y < grid.height; tile_y += side) {
            for (int tile_x = 0; tile_x < grid.width; tile_x += side) {
                float sum = 0;
                for (int channel = 0; channel < 3; ++channel) {
                    for (int i = 0; i < side * side; ++i) {
                        const int x = tile_x + i % side - left;
                        const int y = tile_y + i / side - top;
                        const bool is_shown = x >= 0 && y >= 0 && x < inside.width && y < inside.height;
                        const auto at = static_cast<std::size_t>((y * inside.width + x) * 3 + channel);
                        expected.push_back(is_shown ? static_cast<float>(shown[at]) : 0);
                        sum += expected.back();
                    }
                }
                black_tiles += sum == 0 ? 1 : 0;
            }
        }
        std::vector<float> found = values(*Preprocessor(recipe, 0)(image).value());
        found.erase(found.begin(), found.begin() + 3 * side * side);  // the whole picture as one tile
        EXPECT_EQ(found, expected) << size.width << "x" << size.height << " in " << grid.width << "x"
                                   << grid.height;
    }
    EXPECT_GT(black_tiles, 50);
}

// For a GPU, of every recipe.
TEST(Preprocess, BytesThatAreScaledAfterwardsHaveTheSameBits) {
    std::mt19937 random(23);
    for (int round = 0; round < 60; ++round) {
        const Size size{
            .width = static_cast<int>(random() % 90) + 1, .height = static_cast<int>(random() % 90) + 1
        };
        const Image image = random_image(size, random);
        PixelRecipe recipe{.size = {.width = 28, .height = 28}, .patch = 14};
        constexpr std::array methods{
            PixelMethod::stretch, PixelMethod::crop, PixelMethod::anyres, PixelMethod::fit
        };
        recipe.method = methods.at(static_cast<std::size_t>(round) % methods.size());
        recipe.pixels_min = 28 * 28;
        recipe.pixels_max = 84 * 84;
        recipe.shortest_edge = 28 + static_cast<int>(random() % 9);
        recipe.pinpoints = {{.width = 56, .height = 28}, {.width = 28, .height = 84}};
        for (float& mean : recipe.mean) mean = 100 + static_cast<float>(random() % 1000) / 37;
        for (float& std : recipe.std) std = 60 + static_cast<float>(random() % 1000) / 41;
        if (recipe.method == PixelMethod::crop && random() % 2 == 0) {
            recipe.resampling = Resampling::pillow;
            recipe.rescale = 1.0 / 255;
        }
        const auto right = Preprocessor(recipe, 0)(image).value();
        const auto bytes = Preprocessor(recipe, 0, PixelForm::bytes)(image).value();
        EXPECT_EQ(4 * bytes->bytes(), right->bytes());
        const at::Tensor tiles = dynamic_cast<const TorchInput&>(*bytes).values();
        ASSERT_EQ(tiles.scalar_type(), at::kByte);
        const at::Tensor scaled = PixelScale(recipe, at::kCPU)(tiles);
        EXPECT_TRUE(same_bits(values(TorchInput(scaled, size, 0)), values(*right)))
            << size.width << "x" << size.height;
    }
}

TEST(Preprocess, AStripThatNoReferenceTakesIsRefusedAndSaysWhy) {
    PixelRecipe recipe{.method = PixelMethod::fit, .patch = 28};
    recipe.pixels_min = 3136;
    recipe.pixels_max = 1280 * 28 * 28;
    std::ranges::fill(recipe.std, 1.0F);
    std::mt19937 random(29);
    const Preprocessor preprocess(recipe, 0);
    for (const Size size : {Size{.width = 201, .height = 1}, Size{.width = 3, .height = 601}}) {
        const Image image = random_image(size, random);
        const auto preparation = preprocess.begin();
        preparation->accept_rows(size, image.rgb);
        const Error error = preparation->finish(image).error();
        EXPECT_EQ(error.code, ErrorCode::invalid_input);
        EXPECT_NE(error.message.find("200 times"), std::string::npos) << error.message;
    }
    EXPECT_TRUE(preprocess(random_image({.width = 200, .height = 1}, random)));
}

// What the whole picture, resized and then cut, would be: the crop of a picture that is small enough for it.
TEST(Preprocess, ACropOfAPartIsTheCropOfTheWhole) {
    std::mt19937 random(17);
    for (int round = 0; round < 60; ++round) {
        const Size size{
            .width = static_cast<int>(random() % 90) + 1, .height = static_cast<int>(random() % 90) + 1
        };
        const Image image = random_image(size, random);
        PixelRecipe recipe{.method = PixelMethod::crop, .size = {.width = 24, .height = 24}};
        recipe.shortest_edge = 24 + static_cast<int>(random() % 20);
        std::ranges::fill(recipe.std, 1.0F);
        const Size full = with_shortest_edge(size, recipe.shortest_edge);
        const Window window{
            .left = (full.width - 24) / 2, .top = (full.height - 24) / 2, .size = recipe.size
        };
        const Samples part = resample_window(image, full, window);
        const auto whole = values(*Preprocessor(recipe, 0)(image).value());
        std::vector<float> found(whole.size());
        for (std::size_t i = 0; i < part.size(); ++i) found[i % 3 * 24 * 24 + i / 3] = part[i];
        EXPECT_EQ(found, whole) << size.width << "x" << size.height;
    }
}

}  // namespace
}  // namespace vignette
