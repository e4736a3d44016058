#include "model/pixels/work.h"

#include <ATen/ops/empty.h>

#include <algorithm>

#include "vignette/invariant.h"

namespace vignette {
namespace {

// Beyond that much, a crop resizes only what is left of the picture. No recipe names larger sizes itself.
constexpr std::int64_t resized_pixels_max = std::int64_t{4096} * 4096;

}  // namespace

PixelWork::PixelWork(PixelPlan plan, Size picture, Size side, const ByteValues& values)
    : plan_(std::move(plan)), side_(side), values_(values) {
    for (const Size& size : plan_.resized) resized_.push_back({.resize = Resize(picture, size)});
    const auto count = static_cast<std::int64_t>(plan_.tiles.size());
    tiles_ = at::empty({count, 3, side.height, side.width}, at::kFloat);
    for (std::size_t tile = 0; tile < plan_.tiles.size(); ++tile) blacken(tile);
}

void PixelWork::accept_rows(std::span<const std::uint8_t> rows) {
    for (std::size_t i = 0; i < resized_.size(); ++i) {
        if (plan_.resized[i].pixels() > resized_pixels_max) continue;
        resized_[i].resize.accept_rows(rows);
        place(i);
    }
}

at::Tensor PixelWork::finish(const Image& image) {
    for (std::size_t i = 0; i < resized_.size(); ++i) {
        if (plan_.resized[i].pixels() <= resized_pixels_max) {
            resized_[i].resize.finish(image.rgb);
            place(i);
            continue;
        }
        ASSERT(plan_.tiles.size() == 1);  // only a crop makes pictures that are larger than what it shows
        const Window& part = plan_.tiles.front().part;
        const Samples samples = resample_window(image, plan_.resized[i], part);
        const std::size_t row = static_cast<std::size_t>(part.size.width) * 3;
        for (std::int32_t y = 0; y < part.size.height; ++y)
            place_row(0, y, samples.data() + static_cast<std::size_t>(y) * row);
    }
    return std::move(tiles_);
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
    const std::int64_t first = std::int64_t{where.top + y} * side_.width + where.left;
    ASSERT(where.left + where.part.size.width <= side_.width && where.top + y < side_.height);
    float* const red = plane(tile, 0) + first;
    float* const green = plane(tile, 1) + first;
    float* const blue = plane(tile, 2) + first;
    for (std::int32_t x = 0; x < where.part.size.width; ++x, row += 3) {
        red[x] = values_[0][row[0]];
        green[x] = values_[1][row[1]];
        blue[x] = values_[2][row[2]];
    }
}

// What of a tile its part does not cover.
void PixelWork::blacken(std::size_t tile) {
    const auto& [resized, part, left, top] = plan_.tiles[tile];
    for (std::size_t channel = 0; channel < 3; ++channel) {
        float* row = plane(tile, channel);
        const float black = values_[channel][0];
        for (std::int32_t y = 0; y < side_.height; ++y, row += side_.width) {
            const bool beside = y >= top && y < top + part.size.height;
            const std::int32_t begin = beside ? left : side_.width;
            const std::int32_t end = beside ? left + part.size.width : side_.width;
            std::fill(row, row + begin, black);
            std::fill(row + end, row + side_.width, black);
        }
    }
}

float* PixelWork::plane(std::size_t tile, std::size_t channel) {
    return tiles_.mutable_data_ptr<float>() + static_cast<std::int64_t>(3 * tile + channel) * side_.pixels();
}

}  // namespace vignette
