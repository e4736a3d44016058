// The back's only door: what libvignette-captioner.so exports. Wires the heavy side together, bottom up.
#include <memory>
#include <utility>

#include "bundle/file_digest.h"
#include "bundle/manifest.h"
#include "caption/inference_service.h"
#include "model/precision.h"
#include "model/torch_embedder.h"
#include "model/torch_model.h"
#include "text/tokenizer.h"
#include "vignette/captioner.h"

namespace vignette {
namespace {

constexpr std::size_t tokenizer_bytes_max = 64 * MiB;

Result<std::shared_ptr<OpenedModel>> open_model(
    const std::filesystem::path& bundle, const CaptionerConfig& config
) {
    Manifest manifest = TRY(read_manifest(bundle));
    TRY(check_complete(manifest));
    TRY(apply_precision(manifest.info, config.precision, config.device));
    allow_picture_tokens(manifest, config.picture_tokens);
    const std::string json = TRY(
        read_file_checked(bundle / manifest.tokenizer.file, manifest.tokenizer.sha256, tokenizer_bytes_max)
    );
    Tokenizer tokenizer = TRY(Tokenizer::from_json(json));
    const ModelOptions options{
        .device = config.device,
        .slots = config.slots,
        .reserved_bytes = 2 * config.limits.vision_cache_bytes_max,  // for pictures, and for prompts
        .prompts_bytes_max = config.limits.vision_cache_bytes_max,
        .graphs = config.cuda_graphs,
        .tells_start = config.tells_start,
        .warms_up = config.warms_up,
        .threads = config.threads
    };
    if (manifest.info.kind == BundleKind::embedder) {
        std::unique_ptr<Embedder> embedder = TRY(TorchEmbedder::open(bundle, manifest, options));
        return std::make_shared<EmbeddingModel>(
            std::move(embedder), std::move(manifest.info), std::move(tokenizer), config.limits
        );
    }
    std::unique_ptr<Model> model = TRY(TorchModel::open(bundle, manifest, options));
    return std::make_shared<CaptionModel>(
        std::move(model), std::move(manifest.info), std::move(tokenizer), config.limits, config.batching
    );
}

}  // namespace
}  // namespace vignette

#ifdef __clang__
#pragma clang diagnostic ignored "-Wreturn-type-c-linkage"  // both sides are C++: only the name must be plain
#endif
extern "C" __attribute__((visibility("default"))) vignette::Result<std::unique_ptr<vignette::Captioner>>
vignette_open_captioner(const vignette::CaptionerConfig& config) {
    return vignette::InferenceService::open(config, [config](const std::filesystem::path& bundle) {
        return vignette::open_model(bundle, config);
    });
}
