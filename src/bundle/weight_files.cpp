#include "bundle/weight_files.h"

#include <utility>

namespace vignette {
namespace fs = std::filesystem;

std::optional<FoundTensor> WeightFiles::find_exact(std::string_view name) const {
    for (const Safetensors& file : files_) {
        if (const TensorView* view = file.find(name)) return FoundTensor{.file = &file, .view = view};
    }
    return std::nullopt;
}

std::optional<FoundTensor> WeightFiles::find(const std::string& parameter, const WeightsSpec& spec) const {
    const auto tie = spec.ties.find(parameter);
    const std::string& name = tie == spec.ties.end() ? parameter : tie->second;
    if (std::optional<FoundTensor> found = find_exact(name)) return found;
    for (const PrefixRename& rename : spec.renames) {
        if (!name.starts_with(rename.from)) continue;
        if (std::optional<FoundTensor> found = find_exact(rename.to + name.substr(rename.from.size())))
            return found;
    }
    return std::nullopt;
}

fs::path weights_folder(const Manifest& manifest, const fs::path& bundle) {
    const fs::path folder = (bundle / manifest.weights.folder).lexically_normal();
    return folder.has_filename() ? folder : folder.parent_path();  // "bundle/." is "bundle/" there
}

Result<Safetensors> open_weight_file(const fs::path& folder, const WeightsFile& named) {
    Safetensors file = TRY(Safetensors::open(folder / named.file));
    if (file.bytes() == named.bytes) return file;
    return fail(
        ErrorCode::weights_invalid, (folder / named.file).string() + " has " + std::to_string(file.bytes()) +
                                        " bytes and the manifest says " + std::to_string(named.bytes) +
                                        "; copy it again from where it came, or export the bundle again"
    );
}

Result<WeightFiles> open_weight_files(const Manifest& manifest, const fs::path& bundle) {
    const fs::path folder = weights_folder(manifest, bundle);
    WeightFiles files;
    for (const WeightsFile& named : manifest.weights.files) files.add(TRY(open_weight_file(folder, named)));
    return files;
}

}  // namespace vignette
