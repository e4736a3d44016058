// The back's only door: what libvignette-captioner.so exports. Wires the heavy side together, bottom up.
#include <memory>
#include <utility>

#include "caption/picture_captioner.h"
#include "model/manifest.h"
#include "model/sha256.h"
#include "model/torch_model.h"
#include "text/tokenizer.h"
#include "vignette/captioner.h"

namespace vignette {
namespace {

constexpr std::size_t tokenizer_bytes_max = 64 * MiB;

// Keeps the model alive as long as the captioner that uses it.
class OwningCaptioner final : public Captioner {
public:
    OwningCaptioner(
        std::unique_ptr<Model> model, BundleInfo bundle, Tokenizer tokenizer, const Limits& limits
    )
        : model_(std::move(model)), captioner_(std::move(bundle), std::move(tokenizer), *model_, limits) {}

    int pictures_at_once() const override { return captioner_.pictures_at_once(); }

    Result<Caption> caption(Job job, std::stop_token stop, const OnPiece& on_piece) override {
        return captioner_.caption(std::move(job), std::move(stop), on_piece);
    }

private:
    std::unique_ptr<Model> model_;
    PictureCaptioner captioner_;
};

Result<std::unique_ptr<Captioner>> open_captioner(const CaptionerConfig& config) {
    Manifest manifest = TRY(read_manifest(config.bundle));
    const std::string json = TRY(read_file_checked(
        config.bundle / manifest.tokenizer.file, manifest.tokenizer.sha256, tokenizer_bytes_max
    ));
    Tokenizer tokenizer = TRY(Tokenizer::from_json(json));
    std::unique_ptr<Model> model = TRY(TorchModel::open(
        config.bundle, manifest, {.device = config.device, .slots = config.slots, .threads = config.threads}
    ));
    return std::make_unique<OwningCaptioner>(
        std::move(model), std::move(manifest.info), std::move(tokenizer), config.limits
    );
}

}  // namespace
}  // namespace vignette

#ifdef __clang__
#pragma clang diagnostic ignored "-Wreturn-type-c-linkage"  // both sides are C++: only the name must be plain
#endif
extern "C" __attribute__((visibility("default"))) vignette::Result<std::unique_ptr<vignette::Captioner>>
vignette_open_captioner(const vignette::CaptionerConfig& config) {
    return vignette::open_captioner(config);
}
