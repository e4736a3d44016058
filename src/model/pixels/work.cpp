#include "model/pixels/work.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstddef>

#include "model/pixels/pillow.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

// Beyond that much, a crop resizes only what is left of the picture. No recipe names larger sizes itself.
constexpr std::int64_t resized_pixels_max = std::int64_t{4096} * 4096;

template <class Number, class Become>
void spread(
    const std::array<Number*, 3>& planes, const std::uint8_t* row, std::int32_t width, Become become
) {
    const auto [red, green, blue] = planes;
    for (std::int32_t x = 0; x < width; ++x, row += 3) {
        red[x] = become(0, row[0]);
        green[x] = become(1, row[1]);
        blue[x] = become(2, row[2]);
    }
}

// What of a plane its tile's part does not cover.
template <class Number>
void blacken_plane(Number* row, Size side, const Tile& tile, Number black) {
    for (std::int32_t y = 0; y < side.height; ++y, row += side.width) {
        const bool beside = y >= tile.top && y < tile.top + tile.part.size.height;
        const std::int32_t begin = beside ? tile.left : side.width;
        const std::int32_t end = beside ? tile.left + tile.part.size.width : side.width;
        std::fill(row, row + begin, black);
        std::fill(row + end, row + side.width, black);
    }
}

}  // namespace

// The reference computes each pixel in float32, Pillow's after a product in double. There are only 256 bytes,
// so the same arithmetic fills a table, and a picture is three look-ups a pixel instead of three passes over
// floats.
ByteValues byte_values(const PixelRecipe& recipe) {
    ByteValues values;
    for (std::size_t channel = 0; channel < values.size(); ++channel) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const auto scaled = static_cast<float>(static_cast<double>(byte) * recipe.rescale);
            const float centred = scaled - recipe.mean[channel];
            values[channel][byte] = centred / recipe.std[channel];
        }
    }
    return values;
}

PixelWork::PixelWork(PixelPlan plan, Size picture, const ByteValues* values)
    : plan_(std::move(plan)), values_(values) {
    const Size side = plan_.side;
    for (const Size& size : plan_.resized) resized_.push_back({.resize = Resize(picture, size)});
    const auto count = static_cast<std::int64_t>(plan_.tiles.size());
    tiles_ = at::empty({count, 3, side.height, side.width}, values == nullptr ? at::kByte : at::kFloat);
    for (std::size_t tile = 0; tile < plan_.tiles.size(); ++tile) blacken(tile);
}

void PixelWork::accept_rows(std::span<const std::uint8_t> rows) {
    for (std::size_t i = 0; i < resized_.size(); ++i) {
        if (in_one_go(i)) continue;
        resized_[i].resize.accept_rows(rows);
        place(i);
    }
}

at::Tensor PixelWork::finish(const Image& image) {
    for (std::size_t i = 0; i < resized_.size(); ++i) {
        if (!in_one_go(i)) {
            resized_[i].resize.finish(image.rgb);
            place(i);
            continue;
        }
        ASSERT(plan_.tiles.size() == 1);  // only a crop makes pictures that are larger than what it shows
        const Window& part = plan_.tiles.front().part;
        const auto resample = plan_.resampling == Resampling::pillow ? pillow_window : resample_window;
        const Samples samples = resample(image, plan_.resized[i], part);
        const std::size_t row = static_cast<std::size_t>(part.size.width) * 3;
        for (std::int32_t y = 0; y < part.size.height; ++y)
            place_row(0, y, samples.data() + static_cast<std::size_t>(y) * row);
    }
    return std::move(tiles_);
}

// Only the part that is shown, once all of the picture is there.
bool PixelWork::in_one_go(std::size_t resized) const {
    return plan_.resampling == Resampling::pillow || plan_.resized[resized].pixels() > resized_pixels_max;
}

// The rows that were made since it was called last.
void PixelWork::place(std::size_t resized) {
    auto& [resize, placed] = resized_[resized];
    const std::size_t row = static_cast<std::size_t>(plan_.resized[resized].width) * 3;
    for (; placed < resize.made_rows(); ++placed) {
        const std::uint8_t* const line = resize.made() + static_cast<std::size_t>(placed) * row;
        for (std::size_t i = 0; i < plan_.tiles.size(); ++i) {
            const Window& part = plan_.tiles[i].part;
            const std::int32_t y = placed - part.top;
            if (plan_.tiles[i].resized != resized || y < 0 || y >= part.size.height) continue;
            place_row(i, y, line + static_cast<std::size_t>(part.left) * 3);
        }
    }
}

// Row `y` of a tile's part.
void PixelWork::place_row(std::size_t tile, std::int32_t y, const std::uint8_t* row) {
    const Tile& where = plan_.tiles[tile];
    const std::int64_t first = std::int64_t{where.top + y} * plan_.side.width + where.left;
    ASSERT(where.left + where.part.size.width <= plan_.side.width && where.top + y < plan_.side.height);
    if (values_ == nullptr) {
        const std::array planes{
            plane<std::uint8_t>(tile, 0) + first, plane<std::uint8_t>(tile, 1) + first,
            plane<std::uint8_t>(tile, 2) + first
        };
        spread(planes, row, where.part.size.width, [](std::size_t, std::uint8_t byte) { return byte; });
    } else {
        const std::array planes{
            plane<float>(tile, 0) + first, plane<float>(tile, 1) + first, plane<float>(tile, 2) + first
        };
        const ByteValues& values = *values_;
        spread(planes, row, where.part.size.width, [&values](std::size_t channel, std::uint8_t byte) {
            return values[channel][byte];
        });
    }
}

void PixelWork::blacken(std::size_t tile) {
    const Tile& where = plan_.tiles[tile];
    for (std::size_t channel = 0; channel < 3; ++channel) {
        if (values_ == nullptr) {
            blacken_plane(plane<std::uint8_t>(tile, channel), plan_.side, where, std::uint8_t{0});
        } else {
            blacken_plane(plane<float>(tile, channel), plan_.side, where, (*values_)[channel][0]);
        }
    }
}

template <class Number>
Number* PixelWork::plane(std::size_t tile, std::size_t channel) {
    return tiles_.mutable_data_ptr<Number>() +
           static_cast<std::int64_t>(3 * tile + channel) * plan_.side.pixels();
}

}  // namespace vignette
