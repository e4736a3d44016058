// The arithmetic of picture recipes: which size a picture gets and how many tokens it becomes. It is the
// reference's, in doubles that are cut off where it cuts them off; whole numbers would be nicer and differ.
// Pure functions, for any thread.
#pragma once

#include <span>

#include "vignette/bundle.h"
#include "vignette/image.h"

namespace vignette {

// The shorter edge gets this length, the longer one in proportion.
Size with_shortest_edge(Size picture, int edge);

// The one that the picture would fill most; of several, the smallest.
Size best_pinpoint(Size picture, std::span<const Size> pinpoints);

// The largest size of the picture's shape inside the frame.
Size fitted(Size picture, Size frame);

// The longest side of a picture in `fit`, in shortest ones: beyond that the reference refuses.
inline constexpr int sides_ratio_max = 200;

// The picture's shape in whole patches of the recipe, with as many pixels as that allows.
Size fitted_in_patches(Size picture, const PixelRecipe& recipe);

// The same for each of `count` frames of a film.
Size frames_in_patches(Size frame, int count, const PixelRecipe& recipe, const FilmRecipe& film);

// Placeholders of a picture cut into tiles: those of the whole picture, then the grid's without its borders,
// with one for each line break.
int anyres_tokens(Size picture, const PixelRecipe& recipe);

}  // namespace vignette
