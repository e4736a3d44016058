#include "app/models/model_facts.h"

#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "bundle/check.h"
#include "bundle/footprint.h"
#include "bundle/weight_files.h"
#include "bundle/weight_keys.h"
#include "core/enum_text.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

std::uint64_t bytes_at(const fs::path& path) {
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(path, error);
    return error ? 0 : bytes;
}

// Looks at sizes only: a list is there at once, however large the models are.
void add_weights(ModelSummary& made, const fs::path& folder, const Manifest& manifest) {
    if (const Result<void> complete = check_complete(manifest); !complete) {
        made.weights = WeightsState::waiting;
        made.problem = complete.error().message;
        return;
    }
    const fs::path place = weights_folder(manifest, folder);
    made.weights = WeightsState::ready;
    made.weights_folder = place.string();
    for (const WeightsFile& file : manifest.weights.files) {
        made.bytes += file.bytes;
        if (bytes_at(place / file.file) == file.bytes || made.weights == WeightsState::missing) continue;
        made.weights = WeightsState::missing;
        made.problem = (place / file.file).string() + " is missing or has changed; `vignette models verify " +
                       made.name + "` says more";
    }
}

std::string sides_text(Size size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

std::string picture_text(const PixelRecipe& recipe) {
    const std::string size = sides_text(recipe.size);
    switch (recipe.method) {
        case PixelMethod::stretch: return "stretched to " + size;
        case PixelMethod::crop:
            return "shortest edge to " + std::to_string(recipe.shortest_edge) + ", the middle " + size;
        case PixelMethod::anyres: {
            std::string layouts;
            for (const Size& one : recipe.pinpoints)
                layouts += (layouts.empty() ? "" : ", ") + sides_text(one);
            return "the whole at " + size + " and tiles of that size that fill the best of " + layouts;
        }
        case PixelMethod::fit: {
            const int token = recipe.patch * recipe.patch;
            return "its own shape, at most " + std::to_string(recipe.pixels_max) + " pixels (" +
                   std::to_string(recipe.pixels_max / token) + " tokens)";
        }
    }
    return "";
}

std::vector<ModelMemory> memory_of(const fs::path& folder, Manifest manifest) {
    std::vector<ModelMemory> made;
    for (const Dtype dtype : {Dtype::float32, Dtype::float16, Dtype::bfloat16}) {
        manifest.info.dtype = dtype;
        const Result<std::uint64_t> bytes =
            manifest.has_weights() ? weights_bytes(manifest, folder) : expected_weights_bytes(manifest);
        if (bytes && *bytes > 0) made.push_back({.dtype = std::string(to_text(dtype)), .bytes = *bytes});
    }
    return made;
}

std::vector<ModelFile> files_of(const fs::path& folder, const Manifest& manifest) {
    std::vector<ModelFile> files;
    const auto add = [&](const char* role, const fs::path& path) {
        files.push_back({.role = role, .path = path.string(), .bytes = bytes_at(path)});
    };
    add("program", folder / manifest.program.file);
    add("tokenizer", folder / manifest.tokenizer.file);
    for (const WeightsFile& file : manifest.weights.files)
        add("weights", weights_folder(manifest, folder) / file.file);
    return files;
}

void add_captioner(ModelDetails& made, const Manifest& manifest) {
    const BundleInfo& info = manifest.info;
    made.prompt_template = info.text.prompt_template;
    made.default_prompt = info.text.default_prompt;
    made.image_tokens = info.text.image_tokens;
    made.positions = info.positions;
    made.max_length = info.generation.max_length;
    made.max_length_limit = info.generation.max_length_limit;
    made.min_length = info.generation.min_length;
    made.num_beams = info.generation.num_beams;
    made.num_beams_limit = info.generation.num_beams_limit;
    made.slot_bytes = bytes_per_slot(manifest.cache, info.dtype);
    made.slots_cpu = default_slots(manifest, std::nullopt);
    made.slots_gpu = default_slots(manifest, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace

ModelSummary summarise(const Bundle& bundle) {
    ModelSummary made{.name = bundle.name(), .path = bundle.folder.string()};
    if (!bundle.manifest) {
        made.problem = bundle.manifest.error().message;
        return made;
    }
    const BundleInfo& info = bundle.manifest->info;
    made.source = info.source;
    made.family = info.family;
    made.kind = info.kind == BundleKind::captioner ? "captioner" : "embedder";
    made.dtype = to_text(info.dtype);
    add_weights(made, bundle.folder, *bundle.manifest);
    return made;
}

ModelDetails describe(const fs::path& folder, const Manifest& manifest) {
    ModelDetails made;
    made.summary = summarise({.folder = folder, .manifest = manifest});
    made.digest = manifest.info.digest;
    made.picture = picture_text(manifest.info.pixels);
    made.memory = memory_of(folder, manifest);
    made.files = files_of(folder, manifest);
    if (const auto keys = expand_keys(manifest.weights.keys)) made.tensors = keys->size();
    if (manifest.info.kind == BundleKind::captioner) {
        add_captioner(made, manifest);
    } else {
        made.width = manifest.info.width;
        made.text_tokens_max = manifest.info.text.tokens_max;
    }
    return made;
}

}  // namespace vignette
