// `vignette models verify`: every byte of a bundle, and all that is wrong with it at once.
#include <cstdio>

#include "app/commands.h"
#include "app/models/find_bundle.h"
#include "app/open_back.h"
#include "app/progress.h"
#include "bundle/check.h"
#include "core/log.h"

namespace vignette {
namespace {

std::vector<Error> verify(
    const std::filesystem::path& folder, const Manifest& manifest, const Options& options
) {
    std::uint64_t bytes = 0;
    for (const WeightsFile& file : manifest.weights.files) bytes += file.bytes;
    ByteProgress progress("checking " + manifest.info.name, bytes);
    std::vector<Error> problems =
        check_bundle(folder, manifest, {.how = Thoroughness::digests, .on_bytes = [&](std::size_t read) {
                                            progress.add(read);
                                        }});
    if (!options.deep || !problems.empty()) return problems;
    CaptionerConfig config;
    (manifest.info.kind == BundleKind::embedder ? config.embedder : config.bundle) = folder;
    config.device = options.device;
    config.precision = options.precision;
    config.threads = options.threads;
    config.slots = options.slots;
    if (const auto opened = open_back(config); !opened) problems.push_back(opened.error());
    return problems;
}

}  // namespace

int models_verify(const Options& options) {
    const Result<std::filesystem::path> folder = find_bundle_or_ready(options.target);
    const Result<Manifest> manifest = folder ? read_manifest(*folder) : std::unexpected(folder.error());
    const std::vector<Error> problems =
        manifest ? verify(*folder, *manifest, options) : std::vector<Error>{manifest.error()};
    for (const Error& problem : problems) std::printf("FAILED  %s\n", problem.message.c_str());
    if (!problems.empty()) return 1;
    std::printf(
        "ok  %s: program, tokenizer and %zu weights file(s) have their digests%s%s\n", folder->c_str(),
        manifest->weights.files.size(), manifest->weights.keys.empty() ? "" : ", every weight its shape",
        options.deep ? ", and the model opens" : ""
    );
    if (manifest->weights.keys.empty() && !options.deep)
        std::puts(
            "note  this bundle does not list its weights' names; --deep lets the program itself ask for them"
        );
    return 0;
}

}  // namespace vignette
