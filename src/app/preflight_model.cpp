// The parts that were installed: the captioner's library and the model bundle.
#include <dlfcn.h>

#include <utility>

#include "app/places.h"
#include "app/preflight_checks.h"
#include "model/footprint.h"
#include "model/sha256.h"
#include "vignette/bytes.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t part_bytes_max = 1024 * MiB;  // of program and tokenizer, which have no weights

Result<ModelNeeds> read_needs(const fs::path& bundle) {
    Manifest manifest = TRY(read_manifest(bundle));
    TRY(read_file_checked(bundle / manifest.program.file, manifest.program.sha256, part_bytes_max));
    TRY(read_file_checked(bundle / manifest.tokenizer.file, manifest.tokenizer.sha256, part_bytes_max));
    const std::uint64_t bytes = TRY(weights_bytes(manifest, bundle));
    return ModelNeeds{.manifest = std::move(manifest), .weights_bytes = bytes};
}

Result<void> check_weights_digests(const Manifest& manifest, const fs::path& bundle) {
    for (const WeightsFile& named : manifest.weights.files) {
        const fs::path path = (bundle / manifest.weights.folder / named.file).lexically_normal();
        if (TRY(sha256_hex_of_file(path)) == named.sha256) continue;
        return fail(
            ErrorCode::weights_invalid,
            path.string() +
                " is not the file the manifest describes (its SHA-256 differs); copy it again from "
                "where it came, or export the bundle again with scripts/export"
        );
    }
    return {};
}

Check check_files(const PreflightOptions& options, const fs::path& bundle, std::optional<ModelNeeds>& needs) {
    Result<ModelNeeds> read = read_needs(bundle);
    if (!read) return failed("files", read.error());
    if (options.deep) {
        const Result<void> whole = check_weights_digests(read->manifest, bundle);
        if (!whole) return failed("files", whole.error());
    }
    needs = *std::move(read);
    return passed(
        "files", std::string("program, tokenizer") + (options.deep ? " and weights" : "") +
                     " have their digests, the weights their sizes (" +
                     std::to_string(needs->manifest.weights.files.size()) + " file(s))"
    );
}

}  // namespace

Check check_captioner(bool deep) {
    const Result<fs::path> back = find_back();
    if (!back) return failed("captioner", back.error());
    if (deep && dlopen(back->c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == nullptr) {
        return failed(
            "captioner", std::string("cannot be loaded: ") + dlerror(),
            "install the library that is missing, or build again (scripts/setup)"
        );
    }
    return passed("captioner", back->string());
}

std::vector<Check> check_model(const PreflightOptions& options, std::optional<ModelNeeds>& needs) {
    const Result<fs::path> bundle = find_bundle(options.model);
    if (!bundle) return {failed("model", bundle.error())};
    return {passed("model", options.model + " in " + bundle->string()), check_files(options, *bundle, needs)};
}

}  // namespace vignette
