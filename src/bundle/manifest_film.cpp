#include <cstdint>
#include <string>

#include "bundle/manifest_fields.h"

namespace vignette {
namespace {

constexpr int frames_max = 16;  // of a group
constexpr std::int64_t film_pixels_max = std::int64_t{1} << 32;
constexpr int tokens_max = 1 << 20;  // a prompt that no slot holds is refused with the job
constexpr int ticks_max = 1000;

Result<std::string> text_with(const JsonView& object, std::string_view key, std::string_view mark) {
    const JsonView value = TRY(object.at(key));
    std::string text = TRY(value.text(manifest_text_bytes_max));
    if (text.find(mark) == std::string::npos) return value.refuse("must contain " + std::string(mark));
    return text;
}

}  // namespace

// Optional: what a model that is shown several frames at once needs to know.
Result<FilmRecipe> read_film(const JsonView& object, const BundleInfo& info) {
    if (info.pixels.method != PixelMethod::fit)
        return object.refuse("is only for models whose pictures keep their shape: recipe fit");
    const std::int64_t cell = std::int64_t{info.pixels.patch} * info.pixels.patch;
    FilmRecipe recipe;
    recipe.frames = TRY(whole_at(object, "frames", 1, frames_max));
    recipe.text = TRY(text_with(object, "text", "{groups}"));
    recipe.group_text = TRY(name_of(TRY(object.at("group_text"))));
    recipe.token = TokenId{TRY(whole_at(object, "token", 0, info.text.vocabulary - 1))};
    recipe.shares_pixels = TRY(word_at<bool>(object, "pixels_of", {{"film", true}, {"frame", false}}));
    recipe.pixels_max = TRY(TRY(object.at("pixels_max")).whole(cell, film_pixels_max));
    recipe.pixels_min = TRY(TRY(object.at("pixels_min")).whole(1, recipe.pixels_max));
    recipe.tokens_max = TRY(whole_at(object, "tokens_max", 1, tokens_max));
    recipe.ticks_per_second = TRY(whole_at(object, "ticks_per_second", 0, ticks_max));
    return recipe;
}

}  // namespace vignette
