#include <cstdint>
#include <string>
#include <utility>

#include "bundle/manifest_fields.h"

namespace vignette {
namespace {

constexpr int frames_max = 16;  // of a group
constexpr int film_side_max = 4096;
constexpr std::int64_t film_pixels_max = std::int64_t{1} << 32;
constexpr int tokens_max = 1 << 20;  // a prompt that no slot holds is refused with the job
constexpr int ticks_max = 1000;

Result<std::string> text_with(const JsonView& object, std::string_view key, std::string_view mark) {
    const JsonView value = TRY(object.at(key));
    std::string text = TRY(value.text(manifest_text_bytes_max));
    if (text.find(mark) == std::string::npos) return value.refuse("must contain " + std::string(mark));
    return text;
}

// Where the manifest names none, it is that of the first models which took films.
Result<PixelMethod> method_of(const JsonView& object) {
    if (!object.has("recipe")) return PixelMethod::fit;
    return word_at<PixelMethod>(object, "recipe", {{"fit", PixelMethod::fit}, {"crop", PixelMethod::crop}});
}

Result<void> read_bounds(const JsonView& object, int patch, FilmRecipe& recipe) {
    const std::int64_t cell = std::int64_t{patch} * patch;
    recipe.shares_pixels = TRY(word_at<bool>(object, "pixels_of", {{"film", true}, {"frame", false}}));
    recipe.pixels_max = TRY(TRY(object.at("pixels_max")).whole(cell, film_pixels_max));
    recipe.pixels_min = TRY(TRY(object.at("pixels_min")).whole(1, recipe.pixels_max));
    recipe.ticks_per_second = TRY(whole_at(object, "ticks_per_second", 0, ticks_max));
    return {};
}

// Colours are those of pictures, unless these are made Pillow's way: films never are.
Result<void> read_crop(const JsonView& object, const PixelRecipe& pictures, FilmRecipe& recipe) {
    PixelRecipe crop = pictures;
    crop.method = PixelMethod::crop;
    if (crop.resampling == Resampling::pillow) {
        crop.resampling = Resampling::torch;
        crop.rescale = 1;
        TRY(read_colours(object, crop));
    }
    crop.size.width = TRY(whole_at(object, "width", 1, film_side_max));
    crop.size.height = TRY(whole_at(object, "height", 1, film_side_max));
    crop.shortest_edge = TRY(whole_at(object, "shortest_edge", 1, film_side_max));
    recipe.crop = std::move(crop);
    recipe.group_tokens = TRY(whole_at(object, "group_tokens", 1, recipe.tokens_max));
    return {};
}

}  // namespace

// Optional: what a model that is shown several frames at once needs to know.
Result<FilmRecipe> read_film(const JsonView& object, const BundleInfo& info) {
    const PixelMethod method = TRY(method_of(object));
    if ((method == PixelMethod::fit) != (info.pixels.method == PixelMethod::fit))
        return object.refuse("must keep the shape of frames (recipe fit) where pictures do, and only there");
    FilmRecipe recipe;
    recipe.frames = TRY(whole_at(object, "frames", 1, frames_max));
    recipe.text = TRY(text_with(object, "text", "{groups}"));
    recipe.group_text = TRY(name_of(TRY(object.at("group_text"))));
    recipe.token = TokenId{TRY(whole_at(object, "token", 0, info.text.vocabulary - 1))};
    recipe.tokens_max = TRY(whole_at(object, "tokens_max", 1, tokens_max));
    if (method == PixelMethod::fit) {
        TRY(read_bounds(object, info.pixels.patch, recipe));
    } else {
        TRY(read_crop(object, info.pixels, recipe));
    }
    return recipe;
}

}  // namespace vignette
