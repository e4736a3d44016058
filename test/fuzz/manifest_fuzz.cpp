// Untrusted manifests: whatever the text is, it gives an error with a reason, or values within their ranges.
#include <cstdint>
#include <string_view>

#include "bundle/manifest.h"
#include "vignette/invariant.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto manifest = vignette::parse_manifest(text, "manifest.json");
    if (!manifest) {
        ASSERT(!manifest.error().message.empty());
        return 0;
    }
    const vignette::BundleInfo& info = manifest->info;
    ASSERT(info.pixels.size.width > 0 && info.pixels.size.height > 0);
    ASSERT(manifest->has_weights() == !manifest->weights.files.empty());
    ASSERT(manifest->program.file.find('/') == std::string::npos);
    if (info.kind == vignette::BundleKind::embedder) {
        ASSERT(info.width > 0 && info.text.tokens_max > 0);
        return 0;
    }
    ASSERT(info.text.image_tokens < info.positions && !info.text.end.empty());
    ASSERT(info.generation.num_beams <= info.generation.num_beams_limit);
    return 0;
}
