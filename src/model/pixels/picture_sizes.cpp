#include "model/pixels/picture_sizes.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "vignette/invariant.h"

namespace vignette {

Size with_shortest_edge(Size picture, int edge) {
    const bool upright = picture.width <= picture.height;
    const int shorter = upright ? picture.width : picture.height;
    const int longer = upright ? picture.height : picture.width;
    const double scaled = static_cast<double>(std::int64_t{edge} * longer) / shorter;
    const auto length = static_cast<std::int32_t>(scaled);
    return upright ? Size{.width = edge, .height = length} : Size{.width = length, .height = edge};
}

Size best_pinpoint(Size picture, std::span<const Size> pinpoints) {
    ASSERT(!pinpoints.empty());
    Size best;
    std::int64_t most_used = 0;
    std::int64_t least_wasted = std::numeric_limits<std::int64_t>::max();
    for (const Size& one : pinpoints) {
        const double scale = std::min(
            static_cast<double>(one.width) / picture.width, static_cast<double>(one.height) / picture.height
        );
        const auto width = static_cast<std::int64_t>(picture.width * scale);
        const auto height = static_cast<std::int64_t>(picture.height * scale);
        const std::int64_t used = std::min(width * height, picture.pixels());
        const std::int64_t wasted = one.pixels() - used;
        if (used > most_used || (used == most_used && wasted < least_wasted)) {
            most_used = used;
            least_wasted = wasted;
            best = one;
        }
    }
    return best;
}

Size fitted(Size picture, Size frame) {
    const double across = static_cast<double>(frame.width) / picture.width;
    const double down = static_cast<double>(frame.height) / picture.height;
    if (across < down) {
        const auto height = static_cast<std::int32_t>(std::ceil(picture.height * across));
        return {.width = frame.width, .height = std::min(height, frame.height)};
    }
    const auto width = static_cast<std::int32_t>(std::ceil(picture.width * down));
    return {.width = std::min(width, frame.width), .height = frame.height};
}

namespace {

struct PixelBounds {
    double least = 0;
    double most = 0;
    double rounded = 1;  // frames that share them, as the first comparison counts them
    double frames = 1;
};

// Halves go to the even neighbour, of the quotient as a double.
Size in_patches(double height, double width, int side, const PixelBounds& bounds) {
    const double patch = side;
    double rows = std::nearbyint(height / patch);
    double columns = std::nearbyint(width / patch);
    const double pixels = bounds.rounded * rows * patch * columns * patch;
    if (pixels > bounds.most) {
        const double shrink = std::sqrt(bounds.frames * height * width / bounds.most);
        rows = std::max(1.0, std::floor(height / shrink / patch));
        columns = std::max(1.0, std::floor(width / shrink / patch));
    } else if (pixels < bounds.least) {
        const double grow = std::sqrt(bounds.least / (bounds.frames * height * width));
        rows = std::ceil(height * grow / patch);
        columns = std::ceil(width * grow / patch);
    }
    return {
        .width = static_cast<std::int32_t>(columns) * side, .height = static_cast<std::int32_t>(rows) * side
    };
}

}  // namespace

Size fitted_in_patches(Size picture, const PixelRecipe& recipe) {
    const PixelBounds bounds{
        .least = static_cast<double>(recipe.pixels_min), .most = static_cast<double>(recipe.pixels_max)
    };
    return in_patches(picture.height, picture.width, recipe.patch, bounds);
}

Size frames_in_patches(Size frame, int count, const PixelRecipe& recipe, const FilmRecipe& film) {
    const std::int64_t patch = recipe.patch;
    const std::int64_t all = patch * patch * film.frames * film.tokens_max;  // of all frames
    count = std::max(count, film.frames);  // a group that is not full shows its last frame again
    double height = frame.height;
    double width = frame.width;
    PixelBounds bounds{.least = static_cast<double>(film.pixels_min)};
    if (film.shares_pixels) {
        bounds.most = static_cast<double>(std::min(film.pixels_max, all));
        bounds.rounded = std::nearbyint(count / static_cast<double>(film.frames)) * film.frames;
        bounds.frames = count;
        if (height < recipe.patch || width < recipe.patch) {
            const double grow = std::max(recipe.patch / height, recipe.patch / width);
            height = std::trunc(height * grow);
            width = std::trunc(width * grow);
        }
    } else {
        const std::int64_t groups = (count + film.frames - 1) / film.frames;
        bounds.most = static_cast<double>(std::min(film.pixels_max, all / (groups * film.frames)));
    }
    return in_patches(height, width, recipe.patch, bounds);
}

int anyres_tokens(Size picture, const PixelRecipe& recipe) {
    const Size best = best_pinpoint(picture, recipe.pinpoints);
    const std::int64_t side = recipe.size.width / recipe.patch;
    std::int64_t rows = side * (best.height / recipe.size.height);
    std::int64_t columns = side * (best.width / recipe.size.width);
    if (picture.width * rows > columns * picture.height) {
        const std::int64_t filled = picture.height * columns / picture.width;
        rows -= (rows - filled) / 2 * 2;
    } else {
        const std::int64_t filled = picture.width * rows / picture.height;
        columns -= (columns - filled) / 2 * 2;
    }
    return static_cast<int>(side * side + rows * columns + rows);
}

}  // namespace vignette
