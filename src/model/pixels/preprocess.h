// A picture as the model wants it, bit for bit as the reference does it (torchvision on the CPU): resized as
// bytes, then normalised. Private to the torch side of model/. Immutable, for any thread.
#pragma once

#include <memory>

#include "model/pixels/work.h"
#include "model/torch_lean.h"
#include "vignette/bundle.h"
#include "vignette/error.h"
#include "vignette/model.h"

namespace vignette {

class TorchInput final : public ModelInput {
public:
    TorchInput(at::Tensor values, Size original, int tokens)
        : values_(std::move(values)), original_(original), tokens_(tokens) {}
    const at::Tensor& values() const { return values_; }  // [tiles, 3, height, width] float32 on the CPU
    std::int64_t tiles() const { return values_.size(0); }
    Size original() const { return original_; }  // of the picture
    int tokens() const override { return tokens_; }

private:
    at::Tensor values_;
    Size original_;
    int tokens_;
};

class Preprocessor {
public:
    // `image_tokens` is how many placeholders a picture has where its size does not decide.
    Preprocessor(const PixelRecipe& recipe, int image_tokens);

    Result<std::unique_ptr<ModelInput>> operator()(const Image& image) const;

    // The same in pieces, for a picture that is still being decoded. Must outlive what it returns.
    std::unique_ptr<Preparation> begin() const;

private:
    PixelRecipe recipe_;
    int image_tokens_;
    ByteValues values_;
};

// What a model is warmed up with.
Image black_picture(Size size);

}  // namespace vignette
