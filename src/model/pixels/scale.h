// Tiles of bytes become the numbers that the model wants, on its device. Private to the torch side of model/.
#pragma once

#include "model/sent.h"
#include "model/torch_lean.h"
#include "vignette/bundle.h"

namespace vignette {

class PixelScale {
public:
    PixelScale() = default;
    PixelScale(const PixelRecipe& recipe, const at::Device& device)
        : mean_(sent<float>(recipe.mean, {3, 1, 1}, device)),
          std_(sent<float>(recipe.std, {3, 1, 1}, device)),
          rescale_(recipe.rescale) {}

    // [..., 3, height, width]. What is no longer bytes stays as it is; the rest has the bits that a
    // Preprocessor's table would give it.
    at::Tensor operator()(const at::Tensor& pixels) const {
        if (pixels.scalar_type() != at::kByte) return pixels;
        const at::Tensor numbers =
            rescale_ == 1 ? pixels.to(at::kFloat) : pixels.to(at::kDouble).mul_(rescale_).to(at::kFloat);
        return numbers.sub_(mean_).div_(std_);
    }

private:
    at::Tensor mean_;
    at::Tensor std_;
    double rescale_ = 1;
};

}  // namespace vignette
