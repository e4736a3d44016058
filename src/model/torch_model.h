// The model of a bundle, computed by torch. This header is the wall: no torch on this side of it.
//
// preprocess() may be called from any thread, step() and see() from one thread each at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "bundle/manifest.h"
#include "model/model_options.h"
#include "vignette/error.h"
#include "vignette/model.h"

namespace vignette {

class TorchModel final : public Model {
public:
    // Checks the bundle's files, loads and, where it should, warms up: then the first step is as fast as the
    // others. What the manifest says of the words and the cache is checked in any case.
    static Result<std::unique_ptr<Model>> open(
        const std::filesystem::path& bundle, const Manifest& manifest, const ModelOptions& options
    );
    ~TorchModel() override;

    ModelShape shape() const override;
    std::string device() const override;
    Result<std::unique_ptr<ModelInput>> preprocess(const Image& image, PictureWish wish) const override;
    std::unique_ptr<Preparation> prepare(PictureWish wish) const override;
    Result<std::vector<std::unique_ptr<ModelInput>>> preprocess_film(
        std::span<const Image> frames, std::span<const double> begins, PictureWish wish
    ) const override;
    Result<std::chrono::microseconds> see(std::span<const std::shared_ptr<const ModelInput>> pictures
    ) override;
    Result<StepResult> step(const StepPlan& plan) override;

private:
    struct Parts;

public:
    explicit TorchModel(std::unique_ptr<Parts> parts);  // by open() only: nobody else has Parts

private:
    std::unique_ptr<Parts> parts_;
};

}  // namespace vignette
