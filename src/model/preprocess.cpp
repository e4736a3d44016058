#include "model/preprocess.h"

#include <ATen/ops/_upsample_bicubic2d_aa.h>

#include <algorithm>
#include <utility>

#include "model/picture_sizes.h"
#include "model/resample.h"
#include "model/torch_wall.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

// Beyond that much, a crop resizes only what is left of the picture.
constexpr std::int64_t resized_pixels_max = 16'000'000;

// [1, height, width, 3] bytes: with the first dimension torch knows the layout for channels-last and resizes
// it without a copy, which takes half the time. Nobody writes to what it returns.
at::Tensor bytes_of(const Image& image) {
    auto* bytes = const_cast<std::uint8_t*>(image.rgb.data());  // from_blob has no form for what is only read
    return at::from_blob(bytes, {1, image.size.height, image.size.width, 3}, at::kByte);
}

// [height, width, 3]. Bytes that already have the size stay as they are, as in the reference.
at::Tensor resized(const Image& image, Size size) {
    at::Tensor pixels = bytes_of(image);
    if (image.size == size) return pixels.squeeze(0);
    const at::Tensor made = at::_upsample_bicubic2d_aa(
        pixels.permute({0, 3, 1, 2}), {size.height, size.width}, /*align_corners=*/false
    );
    return made.permute({0, 2, 3, 1}).squeeze(0).contiguous();
}

at::Tensor black(Size size) { return at::zeros({size.height, size.width, 3}, at::kByte); }

at::Tensor part(const at::Tensor& bytes, std::int64_t top, std::int64_t left, Size size) {
    return bytes.narrow(0, top, size.height).narrow(1, left, size.width);
}

}  // namespace

// The reference computes (float(byte) - mean) / std for each pixel. There are only 256 bytes, so the same
// arithmetic fills a table, and a picture is three look-ups a pixel instead of three passes over floats.
Preprocessor::Preprocessor(const PixelRecipe& recipe, int image_tokens)
    : recipe_(recipe), image_tokens_(image_tokens) {
    for (std::size_t channel = 0; channel < normal_.size(); ++channel) {
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const float centred = static_cast<float>(byte) - recipe.mean[channel];
            normal_[channel][byte] = centred / recipe.std[channel];
        }
    }
}

Result<std::unique_ptr<Pixels>> Preprocessor::operator()(const Image& image) const {
    ASSERT(image.size.width > 0 && image.size.height > 0);
    ASSERT(image.rgb.size() == static_cast<std::size_t>(image.size.pixels()) * 3);
    return torch_wall([&]() -> Result<std::unique_ptr<Pixels>> {
        switch (recipe_.method) {
            case PixelMethod::stretch:
                return std::make_unique<TorchPixels>(stretch(image), image.size, image_tokens_);
            case PixelMethod::crop:
                return std::make_unique<TorchPixels>(crop(image), image.size, image_tokens_);
            case PixelMethod::anyres:
                return std::make_unique<TorchPixels>(
                    anyres(image), image.size, anyres_tokens(image.size, recipe_)
                );
        }
        panic("PixelMethod out of range");
    });
}

at::Tensor Preprocessor::stretch(const Image& image) const {
    return normalised(resized(image, recipe_.size));
}

// The middle of the resized picture; where that is too small, there is black around it.
at::Tensor Preprocessor::crop(const Image& image) const {
    const Size full = with_shortest_edge(image.size, recipe_.shortest_edge);
    const Size kept{
        .width = std::min(full.width, recipe_.size.width),
        .height = std::min(full.height, recipe_.size.height)
    };
    const Window window{
        .left = (full.width - kept.width) / 2, .top = (full.height - kept.height) / 2, .size = kept
    };
    Samples samples;
    at::Tensor middle;
    if (full.pixels() > resized_pixels_max) {
        samples = resample_window(image, full, window);
        middle = at::from_blob(samples.data(), {kept.height, kept.width, 3}, at::kByte);
    } else {
        middle = part(resized(image, full), window.top, window.left, kept);
    }
    if (kept == recipe_.size) return normalised(middle);
    const at::Tensor framed = black(recipe_.size);
    const int top = (recipe_.size.height - kept.height) / 2;
    const int left = (recipe_.size.width - kept.width) / 2;
    part(framed, top, left, kept).copy_(middle);
    return normalised(framed);
}

// First the whole picture as one tile, then the tiles of the grid, row by row.
at::Tensor Preprocessor::anyres(const Image& image) const {
    const Size grid = best_pinpoint(image.size, recipe_.pinpoints);
    const Size inside = fitted(image.size, grid);
    const at::Tensor framed = black(grid);
    part(framed, (grid.height - inside.height) / 2, (grid.width - inside.width) / 2, inside)
        .copy_(resized(image, inside));
    const Size tile = recipe_.size;
    const std::int64_t count = 1 + grid.pixels() / tile.pixels();
    at::Tensor values = at::empty({count, 3, tile.height, tile.width}, at::kFloat);
    float* next = values.mutable_data_ptr<float>();
    normalise(resized(image, tile), next);
    for (std::int32_t top = 0; top < grid.height; top += tile.height) {
        for (std::int32_t left = 0; left < grid.width; left += tile.width) {
            next += tile.pixels() * 3;
            normalise(part(framed, top, left, tile), next);
        }
    }
    return values;
}

at::Tensor Preprocessor::normalised(const at::Tensor& bytes) const {
    at::Tensor values = at::empty({1, 3, recipe_.size.height, recipe_.size.width}, at::kFloat);
    normalise(bytes, values.mutable_data_ptr<float>());
    return values;
}

// `bytes` may be a part of a larger picture: its rows need not follow each other.
void Preprocessor::normalise(const at::Tensor& bytes, float* into) const {
    ASSERT(bytes.size(0) == recipe_.size.height && bytes.size(1) == recipe_.size.width);
    ASSERT((bytes.size(1) == 1 || bytes.stride(1) == 3) && bytes.stride(2) == 1);
    const auto count = static_cast<std::size_t>(recipe_.size.pixels());
    float* red = into;
    float* green = red + count;
    float* blue = green + count;
    const std::uint8_t* line = bytes.const_data_ptr<std::uint8_t>();
    std::size_t i = 0;
    for (std::int32_t y = 0; y < recipe_.size.height; ++y, line += bytes.stride(0)) {
        const std::uint8_t* pixel = line;
        for (std::int32_t x = 0; x < recipe_.size.width; ++x, ++i, pixel += 3) {
            red[i] = normal_[0][pixel[0]];
            green[i] = normal_[1][pixel[1]];
            blue[i] = normal_[2][pixel[2]];
        }
    }
}

Image black_picture(Size size) {
    Image image{.size = size, .rgb = {}};
    image.rgb.assign(static_cast<std::size_t>(size.pixels()) * 3, 0);
    return image;
}

}  // namespace vignette
