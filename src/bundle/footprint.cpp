#include "bundle/footprint.h"

#include <algorithm>

#include "bundle/weight_files.h"
#include "bundle/weight_keys.h"
#include "vignette/bytes.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

std::uint64_t bytes_of(Dtype dtype) {
    switch (dtype) {
        case Dtype::float32: return 4;
        case Dtype::float16:
        case Dtype::bfloat16: return 2;
        case Dtype::int8: return 1;
    }
    panic("Dtype out of range");
}

bool starts_with_any(std::string_view name, const std::vector<std::string>& prefixes) {
    return std::ranges::any_of(prefixes, [&](const std::string& prefix) { return name.starts_with(prefix); });
}

// Whether this tensor of a file becomes a parameter that stays float32, under its own name or a renamed one.
bool stays_float32(std::string_view name, const Manifest& manifest) {
    if (manifest.info.dtype != Dtype::float16) return false;
    const std::vector<std::string>& prefixes = manifest.weights.float32;
    if (starts_with_any(name, prefixes)) return true;
    return std::ranges::any_of(manifest.weights.renames, [&](const PrefixRename& rename) {
        if (!name.starts_with(rename.to)) return false;
        return starts_with_any(rename.from + std::string(name.substr(rename.to.size())), prefixes);
    });
}

std::uint64_t elements(const TensorView& tensor) {
    return tensor.bytes.size() / vignette::bytes_of(tensor.type);
}

}  // namespace

Result<std::uint64_t> weights_bytes(const Manifest& manifest, const std::filesystem::path& bundle) {
    TRY(check_complete(manifest));
    const std::filesystem::path folder = weights_folder(manifest, bundle);
    std::uint64_t sum = 0;
    for (const WeightsFile& named : manifest.weights.files) {
        const Safetensors file = TRY(open_weight_file(folder, named));
        for (const auto& [name, tensor] : file.tensors()) {
            sum += elements(tensor) * (stays_float32(name, manifest) ? 4 : bytes_of(manifest.info.dtype));
        }
    }
    return sum;
}

Result<std::uint64_t> expected_weights_bytes(const Manifest& manifest) {
    std::uint64_t sum = 0;
    for (const WeightKey& key : TRY(expand_keys(manifest.weights.keys))) {
        if (manifest.weights.ties.contains(key.name)) continue;
        std::uint64_t bytes = stays_float32(key.name, manifest) ? 4 : bytes_of(manifest.info.dtype);
        for (const std::int64_t side : key.shape) bytes *= static_cast<std::uint64_t>(side);
        sum += bytes;
    }
    return sum;
}

std::uint64_t bytes_per_slot(const CacheSpec& spec, Dtype dtype) {
    std::uint64_t numbers = 2;  // keys and values; the manifest bounds each factor
    for (const int factor : {spec.layers, spec.positions, spec.heads, spec.head_dim}) {
        numbers *= static_cast<std::uint64_t>(factor);
    }
    return numbers * bytes_of(dtype);
}

int default_slots(const Manifest& manifest, FreeOnGpu free) {
    const std::uint64_t bytes_max = free ? *free / 4 * 3 : KiB * MiB;
    const std::uint64_t held = bytes_max / bytes_per_slot(manifest.cache, manifest.info.dtype);
    const std::uint64_t fitting = held == 0 ? 0 : held - 1;  // and the scratch slot
    const std::uint64_t most = free ? 96 : 24;
    // Where memory is the GPU's, what does not fit fails at once; on the CPU slots cost when they are used.
    const int least = free ? 1 : manifest.info.generation.num_beams_limit;
    return std::max(least, static_cast<int>(std::min(fitting, most)));
}

std::uint64_t cache_bytes(const Manifest& manifest, int slots, FreeOnGpu free) {
    if (manifest.info.kind != BundleKind::captioner) return 0;
    const int held = (slots > 0 ? slots : default_slots(manifest, free)) + 1;
    return static_cast<std::uint64_t>(held) * bytes_per_slot(manifest.cache, manifest.info.dtype);
}

std::string gib_text(std::uint64_t bytes) {
    const std::uint64_t tenths = bytes / (1024 * MiB / 10);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

}  // namespace vignette
