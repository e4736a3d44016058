// An embedder whose vectors tell what they are of: the picture's width, or the text's tokens.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fakes/scripted_model.h"
#include "vignette/embedder.h"

namespace vignette {

class FakeEmbedder final : public Embedder {
public:
    int width() const override { return 2; }
    std::string device() const override { return "nowhere"; }
    Result<std::unique_ptr<ModelInput>> preprocess(const Image& image) const override {
        return std::make_unique<ScriptedPixels>(image.size.width);
    }
    Result<std::vector<Vector>> embed_pictures(std::span<const ModelInput* const> pictures) override {
        if (before_batch) before_batch();
        batches.push_back(pictures.size());
        std::vector<Vector> vectors;
        for (const ModelInput* one : pictures) {
            const int picture = dynamic_cast<const ScriptedPixels&>(*one).picture;
            if (picture == bad_picture) return fail(ErrorCode::model_failed, "not a number");
            vectors.push_back({1.0F, static_cast<float>(picture)});
        }
        return vectors;
    }
    Result<std::vector<Vector>> embed_texts(std::span<const std::vector<TokenId>> texts) override {
        std::vector<Vector> vectors;
        for (const std::vector<TokenId>& one : texts) {
            last_text = one;
            vectors.push_back({2.0F, static_cast<float>(one.size())});
        }
        return vectors;
    }

    std::function<void()> before_batch;
    int bad_picture = -1;
    std::vector<std::size_t> batches;  // the queue's thread writes, the test reads after the answers
    std::vector<TokenId> last_text;
};

}  // namespace vignette
