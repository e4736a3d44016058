#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bundle/manifest_fields.h"

namespace vignette {
namespace {

constexpr int side_max = 4096;
constexpr std::size_t pinpoints_max = 64;
constexpr int tiles_max = 64;  // of one picture: more would not fit any prompt
constexpr int pixels_max = side_max * side_max;

Result<void> three_floats(const JsonView& array, double min, double max, float (&into)[3]) {
    const std::vector<JsonView> values = TRY(array.items());
    if (values.size() != 3) return array.refuse("must be three numbers: red, green, blue");
    for (std::size_t i = 0; i < 3; ++i) into[i] = static_cast<float>(TRY(values[i].number(min, max)));
    return {};
}

// [height, width], each a whole number of tiles.
Result<Size> pinpoint(const JsonView& pair, Size tile) {
    const std::vector<JsonView> sides = TRY(pair.items());
    if (sides.size() != 2) return pair.refuse("must be a pair: [height, width]");
    Size size;
    size.height = static_cast<std::int32_t>(TRY(sides[0].whole(1, side_max)));
    size.width = static_cast<std::int32_t>(TRY(sides[1].whole(1, side_max)));
    const bool tiled = size.height % tile.height == 0 && size.width % tile.width == 0;
    if (!tiled || size.pixels() / tile.pixels() > tiles_max) {
        return pair.refuse(
            "must be from 1 to " + std::to_string(tiles_max) + " tiles of " + std::to_string(tile.width) +
            "x" + std::to_string(tile.height)
        );
    }
    return size;
}

Result<void> read_anyres(const JsonView& object, PixelRecipe& recipe) {
    const JsonView height = TRY(object.at("height"));
    if (recipe.size.width != recipe.size.height) return height.refuse("must be the width: tiles are squares");
    const JsonView pinpoints = TRY(object.at("pinpoints"));
    for (const JsonView& pair : TRY(pinpoints.items()))
        recipe.pinpoints.push_back(TRY(pinpoint(pair, recipe.size)));
    if (recipe.pinpoints.empty() || recipe.pinpoints.size() > pinpoints_max)
        return pinpoints.refuse("must name from 1 to " + std::to_string(pinpoints_max) + " sizes");
    recipe.patch = TRY(whole_at(object, "patch", 1, recipe.size.width));
    return {};
}

Result<void> read_fit(const JsonView& object, PixelRecipe& recipe) {
    recipe.patch = TRY(whole_at(object, "patch", 1, side_max));
    set_pixels_max(recipe, TRY(whole_at(object, "pixels_max", recipe.patch * recipe.patch, pixels_max)));
    recipe.pixels_min = TRY(whole_at(object, "pixels_min", 1, recipe.pixels_max));
    return {};
}

// Pillow's is only known of pictures that become one tile.
Result<void> read_resampling(const JsonView& object, PixelRecipe& recipe) {
    recipe.resampling = TRY(word_at<Resampling>(
        object, "resample", {{"bicubic", Resampling::torch}, {"pillow", Resampling::pillow}}
    ));
    if (recipe.resampling == Resampling::torch) return {};
    if (recipe.method != PixelMethod::crop)
        return TRY(object.at("resample")).refuse("may be pillow only beside the recipe crop");
    recipe.rescale = TRY(TRY(object.at("rescale")).number(1e-6, 1));
    return {};
}

}  // namespace

Result<void> read_colours(const JsonView& object, PixelRecipe& recipe) {
    TRY(three_floats(TRY(object.at("mean")), -1e6, 1e6, recipe.mean));
    return three_floats(TRY(object.at("std")), 1e-6, 1e6, recipe.std);
}

void set_pixels_max(PixelRecipe& recipe, int pixels) {
    recipe.pixels_max = std::min(pixels, pixels_max);
    const auto side = static_cast<std::int32_t>(std::ceil(std::sqrt(recipe.pixels_max)));
    recipe.size = {.width = side, .height = side};
}

Result<PixelRecipe> read_pixels(const JsonView& object) {
    PixelRecipe recipe;
    recipe.method = TRY(word_at<PixelMethod>(
        object, "recipe",
        {{"stretch", PixelMethod::stretch},
         {"crop", PixelMethod::crop},
         {"anyres", PixelMethod::anyres},
         {"fit", PixelMethod::fit}}
    ));
    if (recipe.method == PixelMethod::fit) {
        TRY(read_fit(object, recipe));
    } else {
        recipe.size.width = TRY(whole_at(object, "width", 1, side_max));
        recipe.size.height = TRY(whole_at(object, "height", 1, side_max));
    }
    TRY(read_resampling(object, recipe));
    TRY(read_colours(object, recipe));
    if (recipe.method == PixelMethod::crop)
        recipe.shortest_edge = TRY(whole_at(object, "shortest_edge", 1, side_max));
    if (recipe.method == PixelMethod::anyres) TRY(read_anyres(object, recipe));
    return recipe;
}

}  // namespace vignette
