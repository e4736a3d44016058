// The vectors of a bundle's pictures and texts, computed by torch. This header is the wall: no torch on this
// side of it.
//
// preprocess() may be called from any thread, the others from one thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "model/model_options.h"
#include "vignette/embedder.h"
#include "vignette/error.h"

namespace vignette {

class TorchEmbedder final : public Embedder {
public:
    // Checks the bundle's files, loads and, where it should, warms up.
    static Result<std::unique_ptr<Embedder>> open(
        const std::filesystem::path& bundle, const Manifest& manifest, const ModelOptions& options
    );
    ~TorchEmbedder() override;

    int width() const override;
    std::string device() const override;
    Result<std::unique_ptr<ModelInput>> preprocess(const Image& image) const override;
    std::unique_ptr<Preparation> prepare() const override;
    Result<std::vector<Vector>> embed_pictures(std::span<const ModelInput* const> pictures) override;
    Result<std::vector<Vector>> embed_texts(std::span<const std::vector<TokenId>> texts) override;

private:
    struct Parts;

public:
    explicit TorchEmbedder(std::unique_ptr<Parts> parts);  // by open() only: nobody else has Parts

private:
    std::unique_ptr<Parts> parts_;
};

}  // namespace vignette
