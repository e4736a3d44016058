#include "model/pixels/plan.h"

#include <algorithm>

#include "model/pixels/picture_sizes.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

Tile whole_tile(std::size_t resized, Size size) { return {.resized = resized, .part = {.size = size}}; }

// The middle of the resized picture; where that is too small, there is black around it.
PixelPlan plan_crop(Size picture, const PixelRecipe& recipe, int tokens) {
    const Size full = with_shortest_edge(picture, recipe.shortest_edge);
    const Size kept{
        .width = std::min(full.width, recipe.size.width), .height = std::min(full.height, recipe.size.height)
    };
    const Tile tile{
        .part = {.left = (full.width - kept.width) / 2, .top = (full.height - kept.height) / 2, .size = kept},
        .left = (recipe.size.width - kept.width) / 2,
        .top = (recipe.size.height - kept.height) / 2
    };
    return {
        .side = recipe.size,
        .resized = {full},
        .tiles = {tile},
        .tokens = tokens,
        .resampling = recipe.resampling
    };
}

struct Stretch {  // along one direction
    std::int32_t from = 0;
    std::int32_t length = 0;
};

// The part of `inside` that is in a tile; empty if they do not overlap.
Stretch overlap(Stretch inside, Stretch tile) {
    const std::int32_t from = std::max(inside.from, tile.from);
    const std::int32_t end = std::min(inside.from + inside.length, tile.from + tile.length);
    return {from, std::max(end - from, 0)};
}

// First the whole picture as one tile, then the tiles of the grid, row by row.
PixelPlan plan_anyres(Size picture, const PixelRecipe& recipe) {
    const Size grid = best_pinpoint(picture, recipe.pinpoints);
    const Size inside = fitted(picture, grid);
    const Size side = recipe.size;
    const Stretch across{(grid.width - inside.width) / 2, inside.width};
    const Stretch down{(grid.height - inside.height) / 2, inside.height};
    PixelPlan plan{
        .side = side,
        .resized = {side, inside},
        .tiles = {whole_tile(0, side)},
        .tokens = anyres_tokens(picture, recipe)
    };
    for (std::int32_t top = 0; top < grid.height; top += side.height) {
        const Stretch rows = overlap(down, {top, side.height});
        for (std::int32_t left = 0; left < grid.width; left += side.width) {
            const Stretch columns = overlap(across, {left, side.width});
            if (rows.length == 0 || columns.length == 0) {  // nothing but black
                plan.tiles.push_back({.resized = 1});
                continue;
            }
            plan.tiles.push_back(
                {.resized = 1,
                 .part =
                     {.left = columns.from - across.from,
                      .top = rows.from - down.from,
                      .size = {columns.length, rows.length}},
                 .left = columns.from - left,
                 .top = rows.from - top}
            );
        }
    }
    return plan;
}

PixelPlan plan_whole(Size side, int tokens) {
    return {.side = side, .resized = {side}, .tiles = {whole_tile(0, side)}, .tokens = tokens};
}

PixelPlan plan_fit(Size side, const PixelRecipe& recipe) {
    return plan_whole(side, side.width / recipe.patch * (side.height / recipe.patch));
}

}  // namespace

PixelPlan plan_pixels(Size picture, const PixelRecipe& recipe, int tokens) {
    switch (recipe.method) {
        case PixelMethod::stretch: return plan_whole(recipe.size, tokens);
        case PixelMethod::crop: return plan_crop(picture, recipe, tokens);
        case PixelMethod::anyres: return plan_anyres(picture, recipe);
        case PixelMethod::fit: return plan_fit(fitted_in_patches(picture, recipe), recipe);
    }
    panic("PixelMethod out of range");
}

PixelPlan plan_frames(Size frame, int count, const PixelRecipe& recipe, const FilmRecipe& film) {
    if (film.crop) return plan_crop(frame, *film.crop, film.group_tokens);
    return plan_fit(frames_in_patches(frame, count, recipe, film), recipe);
}

}  // namespace vignette
