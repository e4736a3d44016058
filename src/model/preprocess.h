// A picture as the model wants it, bit for bit as the reference does it (torchvision on the CPU): resized as
// bytes, then normalised. Private to the torch side of model/. Immutable, for any thread.
#pragma once

#include <array>
#include <memory>

#include "model/torch_lean.h"
#include "vignette/bundle.h"
#include "vignette/error.h"
#include "vignette/model.h"

namespace vignette {

class TorchPixels final : public Pixels {
public:
    explicit TorchPixels(at::Tensor values) : values_(std::move(values)) {}
    const at::Tensor& values() const { return values_; }  // [1, 3, height, width] float32 on the CPU

private:
    at::Tensor values_;
};

class Preprocessor {
public:
    explicit Preprocessor(const PixelRecipe& recipe);

    Result<std::unique_ptr<Pixels>> operator()(const Image& image) const;

private:
    at::Tensor resize(const Image& image) const;
    at::Tensor normalise(const at::Tensor& bytes) const;

    Size size_;
    std::array<std::array<float, 256>, 3> normal_;  // of each byte, by channel
};

}  // namespace vignette
