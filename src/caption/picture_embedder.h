// Pictures and texts to vectors of one space, with one bundle. Any thread.
#pragma once

#include <future>
#include <memory>
#include <stop_token>
#include <string_view>
#include <vector>

#include "caption/cache/model_digest.h"
#include "caption/embedding_queue.h"
#include "caption/media/overlapped_preprocess.h"
#include "text/tokenizer.h"
#include "vignette/bundle.h"
#include "vignette/caption.h"
#include "vignette/embedder.h"
#include "vignette/limits.h"

namespace vignette {

class PictureEmbedder {
public:
    PictureEmbedder(BundleInfo bundle, Tokenizer tokenizer, Embedder& embedder, const Limits& limits);

    // Started here and waited for by the caller, so that a caption can be made meanwhile.
    // `begun`, which may be null, is what prepare() gave for the picture.
    Result<std::future<Result<Vector>>> start(
        const Image& image, OverlappedPreprocess* begun, std::stop_token stop
    );
    Result<std::future<Result<Vector>>> start(std::vector<TokenId> text, std::stop_token stop);

    // A text as the model reads it.
    Result<std::vector<TokenId>> read(std::string_view text, std::vector<Warning>& warnings) const;

    Embedding describe(Vector values, VectorFormat format) const;
    const BundleInfo& bundle() const { return bundle_; }
    std::string digest() const { return model_digest(bundle_); }  // of what vectors come from
    std::unique_ptr<Preparation> prepare() const { return embedder_.prepare(); }
    std::string device() const { return embedder_.device(); }

private:
    const BundleInfo bundle_;
    const Tokenizer tokenizer_;
    const Limits limits_;
    Embedder& embedder_;
    EmbeddingQueue queue_;
};

}  // namespace vignette
