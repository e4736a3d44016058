// The installed parts: the captioner's library and the model bundle.
#include <utility>

#include "app/load_library.h"
#include "app/models/find_bundle.h"
#include "app/preflight/checks.h"
#include "app/program_paths.h"
#include "bundle/check.h"
#include "bundle/footprint.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

Result<ModelNeeds> read_needs(const fs::path& bundle, int picture_tokens, Thoroughness how) {
    Manifest manifest = TRY(read_manifest(bundle));
    allow_picture_tokens(manifest, picture_tokens);
    if (const std::vector<Error> problems = check_bundle(bundle, manifest, {.how = how}); !problems.empty())
        return std::unexpected(problems.front());
    const std::uint64_t bytes = TRY(weights_bytes(manifest, bundle));
    return ModelNeeds{.manifest = std::move(manifest), .weights_bytes = bytes};
}

Check check_files(const PreflightOptions& options, const fs::path& bundle, std::optional<ModelNeeds>& needs) {
    const Thoroughness how = options.deep ? Thoroughness::digests : Thoroughness::headers;
    Result<ModelNeeds> read = read_needs(bundle, options.picture_tokens, how);
    if (!read) return failed("files", read.error());
    needs = *std::move(read);
    return passed(
        "files", std::string("program, tokenizer") + (options.deep ? " and weights" : "") +
                     " match their digests, the weights their sizes (" +
                     std::to_string(needs->manifest.weights.files.size()) + " file(s))"
    );
}

}  // namespace

Check check_captioner(bool open) {
    const Result<fs::path> back = find_back();
    if (!back) return failed("captioner", back.error());
    if (!open) return passed("captioner", back->string());
    if (const auto loaded = load_library(*back); !loaded) {
        return failed(
            "captioner", "cannot be loaded: " + loaded.error(),
            "install the missing library, give this user access to its folder, or rebuild (scripts/setup)"
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
