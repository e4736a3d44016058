#include "model/preprocess.h"

#include <ATen/ops/_upsample_bicubic2d_aa.h>

#include "model/torch_wall.h"
#include "vignette/invariant.h"

namespace vignette {

// The reference computes (float(byte) - mean) / std for each pixel. There are only 256 bytes, so the same
// arithmetic fills a table, and a picture is three look-ups a pixel instead of three passes over floats.
Preprocessor::Preprocessor(const PixelRecipe& recipe) : size_(recipe.size) {
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
        return std::make_unique<TorchPixels>(normalise(resize(image)));
    });
}

// [height, width, 3] bytes; bytes that already have the size stay as they are, as in the reference.
at::Tensor Preprocessor::resize(const Image& image) const {
    auto* bytes = const_cast<std::uint8_t*>(image.rgb.data());  // from_blob has no form for what is only read
    at::Tensor pixels = at::from_blob(bytes, {image.size.height, image.size.width, 3}, at::kByte);
    if (image.size == size_) return pixels;
    const at::Tensor channels_first = pixels.permute({2, 0, 1}).unsqueeze(0);
    const at::Tensor resized =
        at::_upsample_bicubic2d_aa(channels_first, {size_.height, size_.width}, /*align_corners=*/false);
    return resized.squeeze(0).permute({1, 2, 0}).contiguous();
}

at::Tensor Preprocessor::normalise(const at::Tensor& bytes) const {
    at::Tensor values = at::empty({1, 3, size_.height, size_.width}, at::kFloat);
    const auto count = static_cast<std::size_t>(size_.pixels());
    const std::uint8_t* pixel = bytes.const_data_ptr<std::uint8_t>();
    float* red = values.mutable_data_ptr<float>();
    float* green = red + count;
    float* blue = green + count;
    for (std::size_t i = 0; i < count; ++i, pixel += 3) {
        red[i] = normal_[0][pixel[0]];
        green[i] = normal_[1][pixel[1]];
        blue[i] = normal_[2][pixel[2]];
    }
    return values;
}

}  // namespace vignette
