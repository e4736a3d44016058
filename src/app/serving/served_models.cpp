#include "app/serving/served_models.h"

#include <algorithm>

#include "app/models/bundles.h"

namespace vignette {
namespace {

void add_served(std::vector<ServedModel>& models, const std::string& name, const Manifest& manifest) {
    const bool known = std::ranges::find(models, name, &ServedModel::name) != models.end();
    if (known || !manifest.has_weights()) return;
    models.push_back({
        .name = name,
        .kind = manifest.info.kind == BundleKind::captioner ? "captioner" : "embedder",
        .family = manifest.info.family,
        .digest = manifest.info.digest,
        .source = manifest.info.source,
    });
}

}  // namespace

std::vector<ServedModel> served_models(const CaptionerConfig& config) {
    std::vector<ServedModel> models;
    for (const std::filesystem::path& folder : {config.bundle, config.embedder}) {
        if (folder.empty()) continue;
        if (const Result<Manifest> manifest = read_manifest(folder))
            add_served(models, folder.filename().string(), *manifest);
    }
    for (const Bundle& bundle : find_bundles()) {
        const bool off =
            bundle.manifest && bundle.manifest->info.kind == BundleKind::captioner && config.bundle.empty();
        if (bundle.manifest && !off) add_served(models, bundle.name(), *bundle.manifest);
    }
    return models;
}

}  // namespace vignette
