// Where a picture's pixels go: which sizes it is resized to, and which part of which of them each tile of the
// model's input shows. Pure functions, for any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vignette/bundle.h"
#include "vignette/image.h"

namespace vignette {

struct Window {  // inside a resized picture
    std::int32_t left = 0;
    std::int32_t top = 0;
    Size size;
};

struct Tile {
    std::size_t resized = 0;  // counts from 0
    Window part;              // of it
    std::int32_t left = 0;    // in the tile; around the part it is black
    std::int32_t top = 0;
};

struct PixelPlan {
    Size side;  // of each tile
    std::vector<Size> resized;
    std::vector<Tile> tiles;
    int tokens = 0;  // placeholders
    Resampling resampling = Resampling::torch;
};

// `tokens` is how many placeholders a picture has where its size does not decide.
PixelPlan plan_pixels(Size picture, const PixelRecipe& recipe, int tokens);

// Of each of `count` frames of a film; the tokens are those of a group.
PixelPlan plan_frames(Size frame, int count, const PixelRecipe& recipe, const FilmRecipe& film);

}  // namespace vignette
