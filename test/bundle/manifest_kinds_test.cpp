// What differs between the manifests of the families.
#include <gtest/gtest.h>

#include "bundle/manifest_variants.h"

namespace vignette {
namespace {

TEST(ManifestKinds, AnAnyresPictureTellsItsTokensByItsSize) {
    const Manifest made = parse(patched(anyres_patch).dump()).value();
    EXPECT_EQ(made.info.pixels.method, PixelMethod::anyres);
    EXPECT_EQ(
        made.info.pixels.pinpoints,
        (std::vector{Size{.width = 112, .height = 56}, Size{.width = 56, .height = 168}})
    );
    EXPECT_EQ(made.info.pixels.patch, 14);
    EXPECT_EQ(made.info.text.image_tokens, 0);
    EXPECT_EQ(made.info.text.image_text, "<image>\n");
    EXPECT_EQ(made.info.text.placement, Placement::placeholder);
    EXPECT_EQ(made.info.text.history, History::all);
}

TEST(ManifestKinds, AFittedPictureHasBoundsAndNoSizeOfItsOwn) {
    const Manifest made = parse(patched(fit_patch).dump()).value();
    EXPECT_EQ(made.info.pixels.method, PixelMethod::fit);
    EXPECT_EQ(made.info.pixels.patch, 32);
    EXPECT_EQ(made.info.pixels.pixels_min, 65536);
    EXPECT_EQ(made.info.pixels.pixels_max, 1310720);
    EXPECT_EQ(made.info.pixels.size, (Size{.width = 1145, .height = 1145})) << "the square of so many";
    EXPECT_EQ(made.info.generation.repetition_penalty, 1.05);
    EXPECT_EQ(parse(manifest_text).value().info.generation.repetition_penalty, 1) << "where it is not named";
}

TEST(ManifestKinds, AnOperatorMayAllowMoreTokensOfAPictureAndItsSlotGrows) {
    const Manifest usual = parse(patched(fit_patch).dump()).value();
    Manifest more = usual;
    allow_picture_tokens(more, 2000);
    EXPECT_EQ(more.info.pixels.pixels_max, 2000 * 32 * 32);
    EXPECT_EQ(more.info.pixels.size, (Size{.width = 1432, .height = 1432}));
    EXPECT_EQ(more.cache.positions, usual.cache.positions + 2000 - 1280);
    EXPECT_EQ(more.info.positions, more.cache.positions);
    Manifest fewer = usual;
    allow_picture_tokens(fewer, 16);
    EXPECT_EQ(fewer.info.pixels.pixels_max, 16 * 32 * 32);
    EXPECT_EQ(fewer.info.pixels.pixels_min, 16 * 32 * 32) << "never above the most";
    EXPECT_EQ(fewer.cache.positions, usual.cache.positions);
    Manifest same = usual;
    allow_picture_tokens(same, 0);
    EXPECT_EQ(same.info.pixels.pixels_max, usual.info.pixels.pixels_max);
    Manifest of_one_size = parse(manifest_text).value();
    allow_picture_tokens(of_one_size, 2000);
    EXPECT_EQ(of_one_size.cache.positions, parse(manifest_text).value().cache.positions);
}

json with_film(std::string_view patch = "{}") {
    json manifest = patched(fit_patch);
    manifest.merge_patch(json::parse(film_patch));
    manifest.merge_patch(json::parse(patch));
    return manifest;
}

TEST(ManifestKinds, AModelThatTakesFilmsSaysHow) {
    const Manifest made = parse(with_film().dump()).value();
    ASSERT_TRUE(made.info.film.has_value());
    EXPECT_EQ(made.info.film->frames, 2);
    EXPECT_EQ(made.info.film->token, TokenId{501});
    EXPECT_EQ(made.info.film->text, "<s>{groups}</s>");
    EXPECT_EQ(made.info.film->group_text, "<v>");
    EXPECT_FALSE(made.info.film->shares_pixels);
    EXPECT_EQ(made.info.film->pixels_min, 100352);
    EXPECT_EQ(made.info.film->pixels_max, 602112);
    EXPECT_EQ(made.info.film->tokens_max, 64);
    EXPECT_EQ(made.info.film->ticks_per_second, 2);
    const json shared = with_film(R"({"film": {"pixels_of": "film"}})");
    EXPECT_TRUE(parse(shared.dump()).value().info.film->shares_pixels);
    EXPECT_FALSE(parse(patched(fit_patch).dump()).value().info.film.has_value());
}

TEST(ManifestKinds, AFilmRecipeOutOfRangeIsRefused) {
    expect_refused(
        with_film().dump(),
        {
            {"/film/frames", 0},
            {"/film/frames", 17},
            {"/film/token", 512},
            {"/film/text", "<s></s>"},
            {"/film/group_text", ""},
            {"/film/pixels_of", "both"},
            {"/film/pixels_min", 0},
            {"/film/pixels_min", 602113},
            {"/film/pixels_max", 1023},
            {"/film/tokens_max", 0},
            {"/film/tokens_max", (1 << 20) + 1},
            {"/film/ticks_per_second", -1},
        }
    );
    json stretched = json::parse(manifest_text);
    stretched.merge_patch(json::parse(film_patch));
    EXPECT_FALSE(parse(stretched.dump()).has_value()) << "its pictures all have one size";
}

json with_cropped_film() {
    json manifest = patched(anyres_patch);
    manifest.merge_patch(json::parse(cropped_film_patch));
    return manifest;
}

TEST(ManifestKinds, FramesMayBeCutToOneSize) {
    const Manifest made = parse(with_cropped_film().dump()).value();
    const FilmRecipe& film = made.info.film.value();
    EXPECT_EQ(film.frames, 1);
    EXPECT_EQ(film.group_tokens, 4);
    EXPECT_EQ(film.tokens_max, 64);
    ASSERT_TRUE(film.crop.has_value());
    EXPECT_EQ(film.crop->method, PixelMethod::crop);
    EXPECT_EQ(film.crop->size, (Size{56, 42}));
    EXPECT_EQ(film.crop->shortest_edge, 60);
    EXPECT_EQ(film.crop->mean[1], made.info.pixels.mean[1]) << "colours are those of pictures";
    json named = with_film(R"({"film": {"recipe": "fit"}})");
    EXPECT_FALSE(parse(named.dump()).value().info.film->crop.has_value());
}

TEST(ManifestKinds, ACroppedFilmOutOfRangeIsRefused) {
    expect_refused(
        with_cropped_film().dump(),
        {
            {"/film/recipe", "stretch"},
            {"/film/recipe", "fit"},
            {"/film/width", 0},
            {"/film/height", 4097},
            {"/film/shortest_edge", 0},
            {"/film/group_tokens", 0},
            {"/film/group_tokens", 65},
        }
    );
    EXPECT_FALSE(parse(with_film(R"({"film": {"recipe": "crop"}})").dump()).has_value())
        << "its pictures keep their shape";
}

TEST(ManifestKinds, PicturesMayBeMadeAsPillowMakesThemButNoFilms) {
    const Manifest made = parse(patched(pillow_patch).dump()).value();
    EXPECT_EQ(made.info.pixels.resampling, Resampling::pillow);
    EXPECT_EQ(made.info.pixels.rescale, 0.00392156862745098);
    EXPECT_EQ(made.info.pixels.mean[1], 0.25F);
    const PixelRecipe& frames = made.info.film.value().crop.value();
    EXPECT_EQ(frames.resampling, Resampling::torch);
    EXPECT_EQ(frames.rescale, 1);
    EXPECT_EQ(frames.mean[1], 64);
    EXPECT_EQ(frames.std[2], 32);
    EXPECT_EQ(made.info.film->frames_max(), 12) << "64 placeholders, five for each";
    EXPECT_FALSE(parse(with_film().dump()).value().info.film->frames_max().has_value());
}

TEST(ManifestKinds, APillowRecipeOutOfRangeIsRefused) {
    expect_refused(
        patched(pillow_patch).dump(),
        {
            {"/image/resample", "nearest"},
            {"/image/recipe", "stretch"},
            {"/image/rescale", 0},
            {"/image/rescale", 2},
            {"/image/rescale", nullptr},
            {"/film/mean", nullptr},
            {"/film/std", json::array({0, 1, 1})},
        }
    );
}

TEST(ManifestKinds, BoundsOfAFittedPictureOutOfRangeAreRefused) {
    expect_refused(
        patched(fit_patch).dump(),
        {
            {"/image/patch", 0},
            {"/image/patch", 4097},
            {"/image/pixels_max", 1023},
            {"/image/pixels_max", 4096 * 4096 + 1},
            {"/image/pixels_min", 0},
            {"/image/pixels_min", 1310721},
            {"/text/image_tokens", 7},
            {"/generation/repetition_penalty", 0},
            {"/generation/repetition_penalty", "much"},
        }
    );
}

TEST(ManifestKinds, AnEmbedderHasAWidthAndNeitherCacheNorGeneration) {
    const Manifest made = parse(patched(embedder_patch).dump()).value();
    EXPECT_EQ(made.info.kind, BundleKind::embedder);
    EXPECT_EQ(made.info.width, 24);
    EXPECT_EQ(made.info.text.tokens_max, 77);
    EXPECT_EQ(made.info.pixels.method, PixelMethod::crop);
    EXPECT_EQ(made.info.pixels.shortest_edge, 240);
    EXPECT_EQ(made.info.positions, 0);
}

TEST(ManifestKinds, AReadyBundleIsReadAndSaysHowToGetItsWeights) {
    const Manifest made = parse(ready().dump()).value();
    EXPECT_FALSE(made.has_weights());
    EXPECT_TRUE(made.tokenizer.sha256.empty());
    EXPECT_EQ(made.weights.renames.size(), 1U);
    const Error error = check_complete(made).error();
    EXPECT_EQ(error.code, ErrorCode::model_not_found);
    EXPECT_NE(error.message.find("vignette models add people/tiny"), std::string::npos) << error.message;
    EXPECT_TRUE(check_complete(parse(manifest_text).value()));
}

TEST(ManifestKinds, OnlyAReadyBundleMayLackDigestsAndFiles) {
    EXPECT_FALSE(with("/weights/folder", nullptr));
    EXPECT_FALSE(with("/weights/files", json::array()));
    EXPECT_FALSE(with("/tokenizer/sha256", nullptr));
    json changed = ready();
    changed["program"]["sha256"] = nullptr;
    EXPECT_FALSE(parse(changed.dump()));
}

TEST(ManifestKinds, ASourceAndAStartTokenMayBeNull) {
    EXPECT_EQ(with("/source", nullptr).value().info.source, "");
    EXPECT_TRUE(with("/text/bos", nullptr));
}

TEST(ManifestKinds, TilesOutOfRangeAreRefused) {
    expect_refused(
        patched(anyres_patch).dump(),
        {
            {"/image/height", 28},
            {"/image/pinpoints", json::array()},
            {"/image/pinpoints", std::vector<json>(65, json::array({56, 56}))},
            {"/image/pinpoints/0", json::array({56})},
            {"/image/pinpoints/0/1", 57},
            {"/image/pinpoints/1/0", 0},
            {"/image/pinpoints/1/0", 56 * 65},
            {"/image/patch", 0},
            {"/image/patch", 57},
            {"/text/image_tokens", 7},
            {"/text/template", "{prompt}"},
        }
    );
}

TEST(ManifestKinds, EmbeddersOutOfRangeAreRefused) {
    expect_refused(
        patched(embedder_patch).dump(),
        {
            {"/image/shortest_edge", 0},
            {"/image/recipe", "anyres"},
            {"/image/recipe", "fit"},
            {"/embedding/width", 0},
            {"/embedding/width", 1 << 20},
            {"/text/max_tokens", 1},
            {"/text/pad", 512},
        }
    );
}

}  // namespace
}  // namespace vignette
