// A picture as the model wants it, bit for bit as the reference does it (torchvision on the CPU): resized as
// bytes, then normalised; for a GPU it stays bytes, which the program normalises there. Private to the torch
// side of model/. Immutable, for any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "model/pixels/work.h"
#include "model/torch_lean.h"
#include "vignette/bundle.h"
#include "vignette/error.h"
#include "vignette/model.h"

namespace vignette {

class TorchInput final : public ModelInput {
public:
    TorchInput(at::Tensor values, Size original, int tokens, int tick = 0)
        : values_(std::move(values)),
          original_(original),
          shown_{.width = side(values_, -1), .height = side(values_, -2)},
          frames_(values_.dim() == 5 ? side(values_, 1) : 0),
          tick_(tick),
          tiles_(values_.size(0)),
          tokens_(tokens),
          bytes_(values_.nbytes()) {}

    // [tiles, 3, height, width], or of a film's group [1, frames, 3, height, width]; on the CPU, of the
    // Preprocessor's form; undefined once the features are here
    const at::Tensor& values() const { return values_; }
    std::int64_t tiles() const { return tiles_; }
    Size original() const { return original_; }     // of the picture
    Size shown() const override { return shown_; }  // of each tile, or frame
    int frames() const { return frames_; }          // of a film's group; 0: it is a picture
    int tick() const { return tick_; }              // of that group: where it stands in time
    int tokens() const override { return tokens_; }
    std::size_t bytes() const override { return bytes_; }

    // Any thread: a number that no other seen picture has; 0: it was not seen yet.
    std::uint64_t number() const { return number_; }

    // Once it has a number: what was seen, [tokens, width] on the model's device.
    const at::Tensor& features() const { return features_; }

    // Who looks at it, like values().
    void keep(at::Tensor features, std::uint64_t number) const;

private:
    static std::int32_t side(const at::Tensor& tiles, std::int64_t dim) {
        return static_cast<std::int32_t>(tiles.size(dim));
    }

    mutable at::Tensor values_;
    mutable at::Tensor features_;
    mutable std::atomic<std::uint64_t> number_ = 0;
    Size original_;
    Size shown_;
    int frames_;
    int tick_;
    std::int64_t tiles_;
    int tokens_;
    mutable std::atomic<std::size_t> bytes_;
};

enum class PixelForm {
    normalised,  // float32
    bytes,       // a quarter of that on the way to a GPU
};

inline PixelForm pixel_form(const at::Device& device) {
    return device.is_cpu() ? PixelForm::normalised : PixelForm::bytes;
}

class Preprocessor {
public:
    // `image_tokens` is how many placeholders a picture has where its size does not decide.
    Preprocessor(const PixelRecipe& recipe, int image_tokens, PixelForm form = PixelForm::normalised);

    Result<std::unique_ptr<ModelInput>> operator()(const Image& image, PictureWish wish = {}) const;

    // Frames of a film, which have one size, as the groups of its prompt, that begin so many seconds after
    // the first. Where there is a frame too few, the last one is shown again.
    Result<std::vector<std::unique_ptr<ModelInput>>> groups(
        std::span<const Image> frames, std::span<const double> begins, const FilmRecipe& film
    ) const;

    // The same in pieces, for a picture that is still being decoded. Must outlive what it returns.
    std::unique_ptr<Preparation> begin(PictureWish wish = {}) const;

private:
    PixelRecipe recipe_;
    int image_tokens_;
    PixelForm form_;
    ByteValues values_;
};

// What a model is warmed up with.
Image black_picture(Size size);

}  // namespace vignette
