// The port between the tasks and whatever turns pictures and texts into vectors. As in model.h, tensors never
// cross it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vignette/error.h"
#include "vignette/ids.h"
#include "vignette/image.h"
#include "vignette/model.h"

namespace vignette {

using Vector = std::vector<float>;

class Embedder {
public:
    virtual ~Embedder() = default;
    virtual int width() const = 0;  // dimensions of its vectors
    virtual std::string device() const = 0;

    // Any thread.
    virtual Result<std::unique_ptr<ModelInput>> preprocess(const Image& image) const = 0;
    // The same for a picture that arrives row by row; null if nothing would be gained.
    virtual std::unique_ptr<Preparation> prepare() const { return nullptr; }

    // One thread at a time. The vectors are in input order, each L2-normalised.
    virtual Result<std::vector<Vector>> embed_pictures(std::span<const ModelInput* const> pictures) = 0;
    virtual Result<std::vector<Vector>> embed_texts(std::span<const std::vector<TokenId>> texts) = 0;
};

}  // namespace vignette
